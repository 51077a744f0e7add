// Reads one TypeScript file just well enough for scripts/check.mjs: tells code from comments, strings and regular expressions,
// and finds imports and names of tests. Not a parser: it does not know what the code means, and it trusts that the file compiles.

/** A slash after one of these begins a regular expression; after anything else it divides. */
const BEFORE_REGEXP = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield))$/;

export function readSource(text) {
  const { bare, code, comments } = split(text);
  const lineAt = lineFinder(text);
  const find = (pattern) => [...bare.matchAll(pattern)].map((match) => ({ text: match[0], line: lineAt(match.index) }));
  const withStrings = (pattern) => [...code.matchAll(pattern)].filter((match) => bare[match.index] === text[match.index]);
  const reexport = /\bexport\s*(?:type\s*)?(?:\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})\s*from\s*(['"])([^'"]+)\1\s*;?/g;
  return {
    find,
    comments: comments.map(({ text: words, at }) => ({ text: words, line: lineAt(at) })),
    imports: [
      ...withStrings(/\bimport\s*(?:type\s+)?[\w$*{},\s]*?\bfrom\s*(['"])([^'"]+)\1/g).map((match) => asImport(match, 'static')),
      ...withStrings(/\bimport\s*(['"])([^'"]+)\1/g).map((match) => asImport(match, 'static')),
      ...withStrings(reexport).map((match) => asImport(match, 'static')),
      ...withStrings(/\bimport\s*\(\s*(['"])([^'"]+)\1/g).map((match) => asImport(match, 'dynamic')),
      ...withStrings(/\bnew\s+URL\(\s*(['"])([^'"]+)\1\s*,\s*import\.meta\.url/g).map((match) => asImport(match, 'url')),
    ],
    testNames: [...bare.matchAll(/\b(?:test|it|describe|litmus)(?:\.\w+)*(?=[(`])/g)].flatMap(testName),
    codeLines: code.split('\n').filter((line) => line.trim() !== '').length,
    onlyReexports: code.trim() !== '' && code.replace(reexport, '').trim() === '',
    opening: openingOf(text, comments),
  };

  /** The name that a call gives its test, behind the table of `test.each(...)` or `test.each`...`` if there is one. */
  function testName({ 0: call, index }) {
    let at = index + call.length;
    if (bare[at] === '`') at = bare.indexOf('`', at + 1) + 1;
    else {
      const end = endOfParens(at);
      if (bare[end] === '(') at = end;
    }
    const name = /^\(\s*(['"`])([^]*?)\1/.exec(code.slice(at));
    return name ? [{ name: name[2], line: lineAt(index) }] : [];
  }

  /** The place after the parenthesis that closes the one at `at`. */
  function endOfParens(at) {
    for (let i = at, open = 0; i < bare.length; i += 1) {
      if (bare[i] === '(') open += 1;
      else if (bare[i] === ')' && --open === 0) return i + 1;
    }
    return bare.length;
  }

  function asImport(match, kind) {
    return { from: match[2], line: lineAt(match.index), kind };
  }
}

/**
 * Three views of one text: `code` has blanks for comments, `bare` also for what is inside strings, templates and regular
 * expressions, and `comments` are the texts of the comments, a run of `//` lines counting as one. Places stay the same in all.
 */
function split(text) {
  const code = text.split('');
  const bare = [...code];
  const comments = [];
  // The number of open braces inside each `${` that is open.
  const templates = [];
  let i = text.startsWith('#!') ? endOf('\n', 0) : 0;
  blank(code, 0, i);
  blank(bare, 0, i);
  while (i < text.length) {
    const char = text[i];
    const two = text.slice(i, i + 2);
    if (two === '//') comment(endOf('\n', i));
    else if (two === '/*') comment(endOf('*/', i + 2));
    else if (char === '"' || char === "'") literal(endOfString(i, char));
    else if (char === '`') template(i + 1);
    else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      template(i + 1);
    } else if (char === '/' && BEFORE_REGEXP.test(bare.slice(Math.max(0, i - 60), i).join('').trimEnd())) literal(endOfRegexp(i));
    else {
      if (templates.length > 0 && (char === '{' || char === '}')) templates.push(templates.pop() + (char === '{' ? 1 : -1));
      i += 1;
    }
  }
  return { code: code.join(''), bare: bare.join(''), comments };

  function comment(end) {
    const words = text.slice(i, end).replace(/^\/[/*]+|\*\/$/g, '').replaceAll(/\n\s*\*/g, '\n').replaceAll(/\s+/g, ' ').trim();
    const last = comments.at(-1);
    const joins = text.startsWith('//', i) && last?.isLine && text.slice(last.end, i).trim() === '' && text.slice(last.end, i).split('\n').length === 2;
    if (joins) Object.assign(last, { text: `${last.text} ${words}`, end });
    else comments.push({ text: words, at: i, end, isLine: text.startsWith('//', i) });
    blank(code, i, end);
    blank(bare, i, end);
    i = end;
  }

  function literal(end) {
    blank(bare, i + 1, end - 1);
    i = end;
  }

  function template(start) {
    let end = start;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1;
    blank(bare, start, end);
    if (text[end] === '$') {
      templates.push(0);
      i = end + 2;
    } else i = end + 1;
  }

  function endOfString(start, quote) {
    let end = start + 1;
    while (end < text.length && text[end] !== quote && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
    return end + 1;
  }

  function endOfRegexp(start) {
    let end = start + 1;
    let inClass = false;
    while (end < text.length && text[end] !== '\n' && (inClass || text[end] !== '/')) {
      if (text[end] === '[') inClass = true;
      else if (text[end] === ']') inClass = false;
      end += text[end] === '\\' ? 2 : 1;
    }
    return end + 1;
  }

  function endOf(mark, start) {
    const found = text.indexOf(mark, start);
    if (found < 0) return text.length;
    return mark === '\n' ? found : found + mark.length;
  }
}

function blank(chars, start, end) {
  for (let i = start; i < Math.min(end, chars.length); i += 1) {
    if (chars[i] !== '\n') chars[i] = ' ';
  }
}

/** The comment a file begins with, or undefined. */
function openingOf(text, comments) {
  const first = comments[0];
  if (!first) return undefined;
  const before = text.slice(0, first.at).replace(/^#!.*/, '');
  return before.trim() === '' ? first.text : undefined;
}

function lineFinder(text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (index) => {
    let line = starts.length;
    while (starts[line - 1] > index) line -= 1;
    return line;
  };
}
