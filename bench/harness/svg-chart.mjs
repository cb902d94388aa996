import { formatNumber } from './table.mjs';

const width = 720;
const left = 150;
const right = 200;
const barHeight = 16;
const groupGap = 14;
const top = 64;

/** One colour per contestant, each readable on white and on black. */
const colours = ['#7c8798', '#2f81f7', '#d18616'];

const style = `
    text { font: 12px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 15px; font-weight: 600; }
    .page { fill: #ffffff; }
    .axis { stroke: #8b949e; }
    .spread { stroke: #1f2328; stroke-opacity: 0.55; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .page { fill: #0d1117; }
      .spread { stroke: #e6edf3; }
    }`;

/**
 * Bars of each contestant, in groups by label, with a line from the least to the greatest round.
 * @param {{ title: string, rows: readonly object[], contestants: readonly string[] }} chart rows have a `label`
 * @returns {string} an SVG document
 */
export function barChart({ title, rows, contestants }) {
  const longest = Math.max(...rows.map(({ max }) => max));
  const scale = (width - left - right) / longest;
  const parts = [];
  let y = top;
  for (const label of new Set(rows.map((row) => row.label))) {
    const group = contestants.flatMap(
      (name) => rows.find((row) => row.label === label && row.contestant === name) ?? [],
    );
    parts.push(text(left - 10, y + (group.length * barHeight) / 2 + 4, label, 'text-anchor="end"'));
    for (const row of group) {
      parts.push(bar(row, y, scale, colours[contestants.indexOf(row.contestant) % colours.length]));
      y += barHeight;
    }
    y += groupGap;
  }
  const axis = `<line class="axis" x1="${left}" x2="${left}" y1="${top - 6}" y2="${y - groupGap + 6}"/>`;
  return document(title, y, [legend(contestants, rows[0].unit), axis, ...parts]);
}

function bar({ value, min, max, unit, ratioToRaw, contestant }, y, scale, colour) {
  const middle = y + barHeight / 2;
  const spread = max > min ? line(left + min * scale, left + max * scale, middle) : '';
  const ratio = contestant === 'raw' || ratioToRaw === null ? '' : `, ×${ratioToRaw.toFixed(2)}`;
  const rectangle = `<rect x="${left}" y="${y + 1}" width="${fixed(value * scale)}" height="${barHeight - 2}" fill="${colour}"/>`;
  return `${rectangle}${spread}${text(left + max * scale + 8, middle + 4, `${formatNumber(value)} ${unit}${ratio}`)}`;
}

function legend(contestants, unit) {
  let x = left;
  const entries = contestants.map((name, index) => {
    const entry = `<rect x="${x}" y="36" width="11" height="11" fill="${colours[index % colours.length]}"/>${text(x + 16, 46, name)}`;
    x += 40 + name.length * 7;
    return entry;
  });
  return `${entries.join('')}${text(x, 46, `(${unit})`)}`;
}

const fixed = (number) => number.toFixed(1);
const line = (from, to, y) => `<line class="spread" x1="${fixed(from)}" x2="${fixed(to)}" y1="${y}" y2="${y}"/>`;
const text = (x, y, content, attributes = '') =>
  `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${escape(content)}</text>`;
const escape = (content) => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function document(title, height, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>${escape(title)}</title>
  <style>${style}
  </style>
  <rect class="page" width="${width}" height="${height}"/>
  ${text(left, 22, title, 'class="title"')}
  ${parts.join('\n  ')}
</svg>
`;
}
