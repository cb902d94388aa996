import type { Tally } from './books.js';
import type { Demo, Variant } from './demo.js';
import { isClean } from './demo.js';
import { bold, tableOf } from './table.js';

/** Runs a demo and prints it; false when a guarded variant is not clean, or when the demo broke off. */
export async function showDemo(demo: Demo): Promise<boolean> {
  console.log(`\n${bold(`${demo.name}: ${demo.title}`)}\n`);
  try {
    const variants = [
      ...(await runAll('Harm', demo.harm, demo.naive)),
      ...(await runAll('Cure', demo.cure, demo.guarded)),
    ];
    console.log(`${tableOf(variants)}\n`);
    const dirty = variants.filter(({ guarded, tally }) => guarded && !isClean(tally));
    if (dirty.length === 0) return true;
    console.error(`  Not clean: ${dirty.map(({ title }) => title).join(', ')}.`);
  } catch (error) {
    console.error(
      `\n  ${demo.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
  return false;
}

async function runAll(title: string, lines: readonly string[], ways: Demo['naive']): Promise<Variant[]> {
  for (const [index, line] of lines.entries()) console.log(`  ${index === 0 ? bold(title) : '    '}  ${line}`);
  const variants: Variant[] = [];
  for (const way of ways) {
    const variant = await way();
    variants.push(variant);
    console.log(`        → ${variant.title}: ${summaryOf(variant.tally)}`);
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
