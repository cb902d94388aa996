import 'reflect-metadata';
import { deadClient } from './dead-client/dead-client.demo.js';
import type { Tally } from './books.js';
import type { Demo, Variant } from './demo.js';
import { isClean } from './demo.js';
import { runsOnGivenServer } from './demo-server.js';
import { failing } from './failing.demo.js';
import { fastListener } from './fast-listener.demo.js';
import { bold, tableOf } from './table.js';
import { twice } from './twice.demo.js';

const demos: readonly Demo[] = [deadClient, fastListener, twice, failing];

const usage = `Usage: npm run demo -- ${demos.map(({ name }) => name).join(' | ')} | all

Each shows one of the four concurrency issues of an event bus: first the harm that a naive listener does, then
what guards against it, in numbers. They run on an embedded STAN server whose clock they can move; with NATS_URL
(and NATS_CLUSTER_ID) on that server, in real time. The exit code is 1 when a guarded column is not clean.`;

const wanted = process.argv.slice(2);
const chosen = wanted.includes('all') ? demos : demos.filter(({ name }) => wanted.includes(name));
const unknown = wanted.filter((name) => name !== 'all' && !demos.some((demo) => demo.name === name));

if (wanted.includes('--help') || wanted.includes('-h')) {
  console.log(usage);
} else if (unknown.length > 0 || chosen.length === 0) {
  console.error(unknown.length > 0 ? `There is no demo '${unknown.join("', '")}'.\n\n${usage}` : usage);
  process.exitCode = 2;
} else {
  console.log(
    `On ${runsOnGivenServer() ? (process.env['NATS_URL'] ?? '') : 'an embedded STAN server, its clock moved by the demo'}.`,
  );
  for (const demo of chosen) await show(demo);
}

async function show(demo: Demo): Promise<void> {
  console.log(`\n${bold(`${demo.name}: ${demo.title}`)}\n`);
  try {
    const variants = [
      ...(await runAll('Harm', demo.harm, demo.naive)),
      ...(await runAll('Cure', demo.cure, demo.guarded)),
    ];
    console.log(`${tableOf(variants)}\n`);
    const dirty = variants.filter(({ guarded, tally }) => guarded && !isClean(tally));
    if (dirty.length === 0) return;
    console.error(`  Not clean: ${dirty.map(({ title }) => title).join(', ')}.`);
  } catch (error) {
    console.error(
      `\n  ${demo.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
  process.exitCode = 1;
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
