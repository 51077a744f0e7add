/**
 * What `kthread run` is to load, from the order of its arguments: parameters and --as follow the FILE that they are for.
 * The parser of the options knows no order; here nothing but order matters.
 */

/** One module to load. */
export interface Load {
  readonly file: string;
  readonly params: Readonly<Record<string, string>>;
  readonly as?: string;
}

/** An argument that stands where it means nothing. */
export class MisplacedArgument extends Error {}

/** `args` as they were typed; `valued` are the options that take the argument after them. Throws MisplacedArgument. */
export function parseLoads(args: readonly string[], valued: ReadonlySet<string>): Load[] {
  const loads: Array<{ file: string; params: Record<string, string>; as?: string }> = [];
  const last = (what: string): (typeof loads)[number] => {
    const load = loads.at(-1);
    if (!load) throw new MisplacedArgument(`${what} stands before any FILE, but it follows the FILE it is for`);
    return load;
  };
  let optionsEnded = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const [, name, value] = /^([A-Za-z_][\w-]*)=(.*)$/s.exec(arg) ?? [];
    if (optionsEnded || !arg.startsWith('-')) {
      if (name === undefined) loads.push({ file: arg, params: {} });
      else last(`parameter ${arg}`).params[name] = value;
    } else if (arg === '--') optionsEnded = true;
    else if (arg === '--as') last(`--as ${args[i + 1]}`).as = args[++i];
    else if (arg.startsWith('--as=')) last(arg).as = arg.slice('--as='.length);
    else if (valued.has(arg)) i++;
  }
  return loads;
}
