import type { Tally } from './books.js';
import type { Variant } from './demo.js';
import { isClean, ways } from './demo.js';

const colours = process.stdout.isTTY && !process.env['NO_COLOR'];
const paint = (code: number, text: string) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);

/** Prints in bold where the terminal can. */
export const bold = (text: string): string => paint(1, text);
const red = (text: string) => paint(31, text);
const green = (text: string) => paint(32, text);

interface Row {
  readonly label: string;
  readonly cells: readonly string[];
  readonly paint?: (cell: string, column: number) => (padded: string) => string;
}

const plain = (text: string) => text;

/** The table of a demo: one column per variant, naive ones first. */
export function tableOf(variants: readonly Variant[]): string {
  return draw(rowsOf(variants), 2);
}

/** What each way to listen did in each demo, in one table. */
export function summaryOf(demos: readonly (readonly [name: string, variants: readonly Variant[]])[]): string {
  const head: Row = { label: '', cells: ways, paint: () => bold };
  const rows = demos.map(([label, variants]): Row => {
    const tallies = ways.map((way) => variants.filter((variant) => variant.way === way).map(({ tally }) => tally));
    return { label, cells: tallies.map(harmOf), paint: (cell) => (cell === 'clean' ? green : red) };
  });
  return draw([head, ...rows], 1);
}

function harmOf(tallies: readonly Tally[]): string {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  const harms = [
    [sum(({ lost }) => lost), 'lost'] as const,
    [sum(({ doubled }) => doubled), 'doubled'] as const,
    [sum(({ outOfOrder }) => outOfOrder), 'out of order'] as const,
  ].filter(([count]) => count > 0);
  if (tallies.length === 0) return 'broke off';
  return harms.length === 0 ? 'clean' : harms.map(([count, what]) => `${count} ${what}`).join(', ');
}

function draw(rows: readonly Row[], headCount: number): string {
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const widths = (rows[0]?.cells ?? []).map((_, column) =>
    Math.max(...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = `  ${'─'.repeat(labelWidth + widths.reduce((sum, width) => sum + width + 3, 0))}`;
  const lines = rows.map(({ label, cells, paint: painter }) => {
    const padded = cells.map((cell, column) => {
      const style = painter?.(cell, column) ?? plain;
      return '   ' + style(cell.padStart(widths[column] ?? 0));
    });
    return `  ${label.padEnd(labelWidth)}${padded.join('')}`;
  });
  lines.splice(headCount, 0, line);
  return lines.join('\n');
}

function rowsOf(variants: readonly Variant[]): Row[] {
  const count = (label: string, of: (variant: Variant) => number, isHarm = false): Row => ({
    label,
    cells: variants.map((variant) => `${of(variant)}`),
    ...(isHarm && { paint: (cell) => (cell === '0' ? plain : red) }),
  });
  const facts = [...new Set(variants.flatMap(({ facts: own = {} }) => Object.keys(own)))];
  return [
    { label: '', cells: variants.map(({ way }) => way) },
    { label: '', cells: variants.map(({ title }) => title), paint: () => bold },
    count('events', ({ tally }) => tally.events),
    count('applied', ({ tally }) => tally.applied),
    count('lost', ({ tally }) => tally.lost, true),
    count('doubled', ({ tally }) => tally.doubled, true),
    count('out of order', ({ tally }) => tally.outOfOrder, true),
    ...facts.map((label): Row => ({ label, cells: variants.map(({ facts: own = {} }) => own[label] ?? '-') })),
    {
      label: 'clean',
      cells: variants.map(({ tally }) => (isClean(tally) ? 'yes' : 'no')),
      paint: (cell) => (cell === 'yes' ? green : red),
    },
  ];
}
