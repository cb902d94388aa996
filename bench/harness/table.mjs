/** @param {number} value */
export function formatNumber(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value
    .toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replaceAll(',', ' ');
}

/** The rows of one case side by side: contestants in columns. */
function gather(rows) {
  const cases = new Map();
  for (const row of rows) {
    const entry = cases.get(row.name) ?? { name: row.name, unit: row.unit, cells: new Map() };
    entry.cells.set(row.contestant, row);
    cases.set(row.name, entry);
  }
  return [...cases.values()];
}

function cellText(row) {
  if (row === undefined) return '';
  const spread = row.rounds > 1 ? ` (${formatNumber(row.min)}–${formatNumber(row.max)})` : '';
  const ratio = row.contestant === row.base || row.ratioToRaw === null ? '' : `  ×${row.ratioToRaw.toFixed(2)}`;
  return `${formatNumber(row.value)}${spread}${ratio}`;
}

function lines(rows, contestants) {
  const header = ['case', 'unit', ...contestants];
  const body = gather(rows).map(({ name, unit, cells }) => [
    name,
    unit,
    ...contestants.map((contestant) => cellText(cells.get(contestant))),
  ]);
  return { header, body };
}

/** The figures for a terminal: median (least–greatest of the rounds) ×ratio to the raw client. */
export function textTable(rows, contestants) {
  const { header, body } = lines(rows, contestants);
  const widths = header.map((_, column) => Math.max(...[header, ...body].map((line) => line[column].length)));
  const draw = (line) =>
    line.map((text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join('  ');
  return [draw(header), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(draw)].join('\n');
}

/** The same for a page. */
export function markdownTable(rows, contestants) {
  const { header, body } = lines(rows, contestants);
  const draw = (line) => `| ${line.join(' | ')} |`;
  const rule = `| ${header.map((_, column) => (column < 2 ? '---' : '--:')).join(' | ')} |`;
  return [draw(header), rule, ...body.map(draw)].join('\n');
}
