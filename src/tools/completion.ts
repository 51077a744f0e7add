/**
 * kthread completion: scripts that teach bash, zsh and fish the commands, made from the table of commands. The names of threads,
 * modules, settings and machines are asked for when Tab is pressed. They come from the program that is looked at, so the
 * scripts never have a shell expand them.
 */
import { Argument, type Command } from 'commander';
import type { Surroundings } from './command.js';
import { SHELLS, entries, type Choice, type Entry } from './words.js';

const HELP = `
The script goes to standard output. To have it in every shell:

  bash   echo 'source <(kthread completion bash)' >> ~/.bashrc
  zsh    kthread completion zsh > "\${fpath[1]}/_kthread"
  fish   kthread completion fish > ~/.config/fish/completions/kthread.fish

Status: 0; 2 for wrong usage.
`;

export function addCompletion(program: Command, around: Surroundings): void {
  program.command('completion').description('print a script by which a shell completes these commands')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .option('--json', 'print what the scripts are made from')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP)
    .action((shell: keyof typeof SCRIPTS, { json }: { json?: true }) => {
      const table = entries(program);
      void around.print(json ? `${JSON.stringify(table)}\n` : SCRIPTS[shell](table));
      around.ended(0);
    });
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (table: readonly Entry[]) => string>> = Object.freeze({ bash, zsh, fish });

/** In single quotes, for any of the three. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const flags = ({ options }: Entry): string[] => options.flatMap(({ flags }) => flags);
const names = (table: readonly Entry[]): string[] => [...table.map(({ name }) => name), 'help'];

/** Lists the words of a kind, one a line, on the machine that the line names; without a word where there is none. */
const LIST = `  case $1 in
    thread) kthread ps -eo comm= "\${@:2}" ;;
    module) kthread lsmod "\${@:2}" | awk 'NR > 1 { print $1 }' ;;
    setting) kthread sysctl -N -a "\${@:2}" ;;
    path) kthread ls --paths "\${cur%"\${cur##*/}"}" "\${@:2}" ;;
    machine) kthread list | awk 'NR > 1 { print $2 }' ;;
  esac 2>/dev/null`;

/** An option with a value: what can stand there. */
function values(table: readonly Entry[], each: (command: string, flags: string, option: Choice) => string): string {
  return table.flatMap(({ name, options }) => options.filter(({ value }) => value).map((option) => each(name, option.flags.map((flag) => `${name}:${flag}`).join('|'), option))).join('');
}

function bash(table: readonly Entry[]): string {
  return `# Completion of kthread for bash; written by "kthread completion bash".
_kthread_list() {
${LIST}
}

# Those lines of standard input that begin with what is typed. Not compgen -W: that would expand them.
_kthread_offer() {
  local word
  while IFS= read -r word; do
    if [[ -n $word && $word == "$cur"* ]]; then COMPREPLY+=("$(printf '%q' "$word")"); fi
  done
}

_kthread() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} kind= options= i
  local -a target=()
  COMPREPLY=()
  for ((i = 2; i < COMP_CWORD - 1; i++)); do
    if [[ \${COMP_WORDS[i]} == --target ]]; then target=(--target "\${COMP_WORDS[i + 1]}"); fi
  done
  if ((COMP_CWORD == 1)); then
    _kthread_offer < <(printf '%s\\n' ${names(table).join(' ')})
    return
  fi
  case $command:$previous in
${values(table, (_, pattern, { choices, takes }) => `    ${pattern}) ${choices.length > 0 ? `_kthread_offer < <(printf '%s\\n' ${choices.join(' ')}); return` : takes === 'nothing' ? 'return' : `kind=${takes}`} ;;\n`)}  esac
  if [[ -z $kind ]]; then
    case $command in
${table.map((entry) => `      ${entry.name}) kind=${entry.takes} options='${flags(entry).join(' ')}' ;;\n`).join('')}      help) kind=command ;;
    esac
    if [[ $cur == -* ]]; then
      _kthread_offer < <(printf '%s\\n' $options)
      return
    fi
  fi
  case $kind in
    file) compopt -o filenames 2>/dev/null; _kthread_offer < <(compgen -f -- "$cur") ;;
    command) _kthread_offer < <(printf '%s\\n' ${names(table).join(' ')}) ;;
    shell) _kthread_offer < <(printf '%s\\n' ${SHELLS.join(' ')}) ;;
    nothing | '') ;;
    *) _kthread_offer < <(_kthread_list "$kind" "\${target[@]}") ;;
  esac
}
complete -F _kthread kthread
`;
}

function zsh(table: readonly Entry[]): string {
  return `#compdef kthread
# Completion of kthread for zsh; written by "kthread completion zsh".
_kthread_list() {
${LIST}
}

_kthread() {
  local cur=$PREFIX command=$words[2] previous=$words[CURRENT-1] kind= i
  local -a commands options target found
  commands=(
${table.map(({ name, about }) => `    ${quoted(`${name}:${about.replaceAll(':', '\\:')}`)}\n`).join('')}    'help:print the help of a command'
  )
  for ((i = 3; i < CURRENT - 1; i++)); do
    if [[ $words[i] == --target ]]; then target=(--target "$words[i+1]"); fi
  done
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  case $command:$previous in
${values(table, (_, pattern, { choices, takes }) => `    ${pattern}) ${choices.length > 0 ? `compadd -- ${choices.join(' ')}; return` : takes === 'nothing' ? 'return' : `kind=${takes}`} ;;\n`)}  esac
  if [[ -z $kind ]]; then
    case $command in
${table.map((entry) => `      ${entry.name}) kind=${entry.takes} options=(${entry.options.flatMap(({ flags, about }) => flags.map((flag) => quoted(`${flag}:${about.replaceAll(':', '\\:')}`))).join(' ')}) ;;\n`).join('')}      help) kind=command ;;
    esac
    if [[ $PREFIX == -* ]]; then
      _describe option options
      return
    fi
  fi
  case $kind in
    file) _files ;;
    command) _describe command commands ;;
    shell) compadd -- ${SHELLS.join(' ')} ;;
    nothing|'') ;;
    *)
      found=("\${(@f)$(_kthread_list $kind $target)}")
      compadd -a found ;;
  esac
}
if [[ $funcstack[1] == _kthread ]]; then _kthread "$@"; else compdef _kthread kthread; fi
`;
}

function fish(table: readonly Entry[]): string {
  const lines = table.flatMap((entry) => {
    const { name, about, takes, options } = entry;
    const here = `complete -c kthread -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c kthread -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`,
      ...(takes === 'nothing' ? [] : takes === 'file' ? [`${here} -F`] : [`${here} -a '(_kthread_list ${takes})'`]),
      ...options.map(({ flags, about, value, choices, takes }) => {
        const spelled = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
        const what = choices.length > 0 ? ` -a ${quoted(choices.join(' '))}` : takes === 'file' ? ' -F' : takes === 'nothing' ? '' : ` -a '(_kthread_list ${takes})'`;
        return `${here} ${spelled}${value ? ` -r${what}` : ''} -d ${quoted(about)}`;
      }),
    ];
  });
  return `# Completion of kthread for fish; written by "kthread completion fish".
function _kthread_list
    set -l words (commandline -opc)
    set -l target
    if set -l at (contains -i -- --target $words); and set -q words[(math $at + 1)]
        set target --target $words[(math $at + 1)]
    end
    switch $argv[1]
        case thread
            kthread ps -eo comm= $target 2>/dev/null
        case module
            kthread lsmod $target 2>/dev/null | awk 'NR > 1 { print $1 }'
        case setting
            kthread sysctl -N -a $target 2>/dev/null
        case path
            kthread ls --paths (string replace -r '[^/]*$' '' -- (commandline -ct)) $target 2>/dev/null
        case machine
            kthread list 2>/dev/null | awk 'NR > 1 { print $2 }'
        case command
            printf '%s\\n' ${names(table).join(' ')}
        case shell
            printf '%s\\n' ${SHELLS.join(' ')}
    end
end

complete -c kthread -f
${lines.join('\n')}
complete -c kthread -n __fish_use_subcommand -a help -d 'print the help of a command'
complete -c kthread -n '__fish_seen_subcommand_from help' -a '(_kthread_list command)'
`;
}
