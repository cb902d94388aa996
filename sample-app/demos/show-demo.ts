import type { Tally } from './books.js';
import type { Demo, Variant, Way } from './demo.js';
import { isClean, ways } from './demo.js';
import { bold, tableOf } from './table.js';

/** What a demo has shown. */
export interface ShownDemo {
  readonly variants: readonly Variant[];
  /** False when a variant that is not naive is not clean, or when the demo broke off. */
  readonly succeeded: boolean;
}

/** Runs a demo and prints it. */
export async function showDemo({ name, title, listeners }: Demo): Promise<ShownDemo> {
  console.log(`\n${bold(`${name}: ${title}`)}\n`);
  const variants: Variant[] = [];
  try {
    for (const way of ways) variants.push(...(await runAll(way, listeners[way])));
    console.log(`${tableOf(variants)}\n`);
    const dirty = variants.filter(({ way, tally }) => way !== 'naive' && !isClean(tally));
    if (dirty.length === 0) return { variants, succeeded: true };
    console.error(`  Not clean: ${dirty.map((variant) => `${variant.way}, ${variant.title}`).join('; ')}.`);
  } catch (error) {
    console.error(`\n  ${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  return { variants, succeeded: false };
}

async function runAll(way: Way, { text, runs }: Demo['listeners'][Way]): Promise<Variant[]> {
  const [first = '', ...others] = way;
  console.log(`  ${bold(first.toUpperCase() + others.join(''))}`);
  for (const line of text) console.log(`    ${line}`);
  const variants: Variant[] = [];
  for (const run of runs) {
    const outcome = await run();
    variants.push({ ...outcome, way });
    console.log(`      → ${outcome.title}: ${summaryOf(outcome.tally)}`);
  }
  console.log();
  return variants;
}

function summaryOf({ events, lost, doubled, outOfOrder }: Tally): string {
  const harms = [`${lost} lost`, `${doubled} doubled`, `${outOfOrder} out of order`].filter(
    (text) => !text.startsWith('0'),
  );
  return `${events} events, ${harms.length > 0 ? harms.join(', ') : 'each applied once, in order'}`;
}
