// Pictures of results: a bar for each contender, or, where a row was measured at several sizes, a line for each. On a logarithmic
// scale, since contenders lie factors apart: equal distances are equal factors.
import { figure } from './table.mjs';

const WIDTH = 760;
const COLOURS = ['#0b6e4f', '#c1440e', '#2f5d9b', '#8a5a99', '#8d6e1f', '#5b6770', '#a03060'];
const FONT = 'font-family="ui-sans-serif,system-ui,sans-serif"';

/** The picture of one row: `results` are all that were measured under its name. */
export function picture(title, results) {
  const series = contenders(results);
  if (series.length === 0) return null;
  const [{ unit }] = results;
  const body = series.some(({ points }) => points.length > 1) ? lines(series, unit) : bars(series);
  const { text, height } = body;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    label(16, 26, title.length > 100 ? `${title.slice(0, 99)}…` : title, { size: 13, weight: 600 }),
    label(16, 44, `${unit}, less is better, logarithmic`, { colour: '#666' }),
    ...text,
    '</svg>',
    '',
  ].join('\n');
}

/** Ours and each peer once, with a point for each size or percentile. */
function contenders(results) {
  const found = new Map();
  const add = (name, value, { n, row, name: base }) => {
    if (value === null || value === undefined || value <= 0) return;
    const key = n === null && row !== base ? `${name}${row.slice(base.length)}` : name;
    if (!found.has(key)) found.set(key, { name: key, ours: name === 'kthread', points: new Map() });
    found.get(key).points.set(n, value);
  };
  for (const result of results) {
    add('kthread', result.ours, result);
    if (result.peerName) add(result.peerName, result.peer, result);
  }
  const all = [...found.values()].map(({ points, ...rest }) => ({ ...rest, points: [...points].map(([n, value]) => ({ n, value })) }));
  return all.map((one, i) => ({ ...one, colour: one.ours ? COLOURS[0] : COLOURS[1 + (i % (COLOURS.length - 1))] }));
}

function bars(series) {
  const left = 280;
  const right = WIDTH - 90;
  const [low, high] = decades(series);
  const x = (value) => left + ((Math.log10(value) - low) / (high - low)) * (right - left);
  const text = series.flatMap(({ name, ours, points: [{ value }] }, i) => {
    const y = 62 + i * 28;
    const short = name.length > 40 ? `${name.slice(0, 39)}…` : name;
    return [
      label(left - 8, y + 14, short, { anchor: 'end', weight: ours ? 600 : 400 }),
      `<rect x="${left}" y="${y}" width="${Math.max(1, x(value) - left).toFixed(1)}" height="19" fill="${ours ? COLOURS[0] : '#b9c2c9'}"/>`,
      label(x(value) + 6, y + 14, figure(value), { weight: ours ? 600 : 400 }),
    ];
  });
  return { text, height: 62 + series.length * 28 + 10 };
}

function lines(series, unit) {
  const [left, right, top, bottom] = [70, WIDTH - 250, 64, 300];
  const [low, high] = decades(series);
  const sizes = [...new Set(series.flatMap(({ points }) => points.map(({ n }) => n)))].toSorted((a, b) => a - b);
  const [first, last] = [Math.log10(sizes[0]), Math.log10(sizes.at(-1))];
  const x = (n) => left + ((Math.log10(n) - first) / (last - first || 1)) * (right - left);
  const y = (value) => bottom - ((Math.log10(value) - low) / (high - low)) * (bottom - top);
  const text = [];
  for (let power = low; power <= high; power++) {
    text.push(`<path d="M${left} ${y(10 ** power).toFixed(1)}H${right}" stroke="#e3e6e8"/>`, label(left - 8, y(10 ** power) + 4, figure(10 ** power), { anchor: 'end', colour: '#666' }));
  }
  for (const n of sizes) text.push(label(x(n), bottom + 18, n.toLocaleString('en'), { anchor: 'middle', colour: '#666' }));
  text.push(label((left + right) / 2, bottom + 36, `how many; the cost of one in ${unit}`, { anchor: 'middle', colour: '#666' }));
  for (const [i, { name, ours, points, colour }] of series.entries()) {
    const path = points.map(({ n, value }, at) => `${at === 0 ? 'M' : 'L'}${x(n).toFixed(1)} ${y(value).toFixed(1)}`).join('');
    text.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="${ours ? 3 : 1.5}"/>`);
    for (const { n, value } of points) text.push(`<circle cx="${x(n).toFixed(1)}" cy="${y(value).toFixed(1)}" r="${ours ? 4 : 2.5}" fill="${colour}"/>`);
    const at = top + 10 + i * 20;
    text.push(`<rect x="${right + 20}" y="${at - 9}" width="12" height="10" fill="${colour}"/>`, label(right + 38, at, name.length > 32 ? `${name.slice(0, 31)}…` : name, { weight: ours ? 600 : 400 }));
  }
  return { text, height: bottom + 50 };
}

/** Powers of ten that all values lie between. */
function decades(series) {
  const values = series.flatMap(({ points }) => points.map(({ value }) => Math.log10(value)));
  const low = Math.floor(Math.min(...values) - 0.05);
  return [low, Math.max(low + 1, Math.ceil(Math.max(...values)))];
}

function label(x, y, text, { anchor = 'start', colour = '#222', size = 12, weight = 400 } = {}) {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${FONT} font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}">${escape(text)}</text>`;
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
