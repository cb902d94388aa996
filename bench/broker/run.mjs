/** `npm run bench:broker`: the embedded broker and a real nats-streaming-server, same client, same run, in turns. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { hasStanBench } from '../harness/stan-bench.mjs';
import { formatNumber } from '../harness/table.mjs';
import { median, medianRatio } from '../harness/stats.mjs';
import { judgeBrokerAims, judgeListening } from './aims.mjs';
import { crowd, memory, start, throughput } from './cases.mjs';
import { contestants } from './contestants.mjs';
import { listening } from './listening.mjs';
import { stanBench } from './stan-bench.mjs';

const usage = `Usage: node bench/broker/run.mjs [--quick] [--only throughput|file|stan-bench|memory|crowd|start|listening]

Prints medians, their ratio, and whether the aims are met. --quick takes fewer and smaller rounds.`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (options.help) {
  console.log(usage);
} else {
  await main();
}

async function main() {
  const rounds = options.quick ? 2 : 5;
  const count = options.quick ? 10_000 : 30_000;
  const rows = new Map();
  const report = (name, unit, contestant, value) => {
    const row = rows.get(name) ?? { name, unit, embedded: [], real: [] };
    row[contestant].push(value);
    rows.set(name, row);
  };
  const wanted = (name) => options.only === undefined || options.only === name;
  if (wanted('throughput')) await throughput(report, { contestants, rounds, count, store: 'MEMORY' });
  if (wanted('file')) await throughput(report, { contestants, rounds, count, store: 'FILE' });
  if (wanted('stan-bench') && hasStanBench) {
    for (const store of ['MEMORY', 'FILE'])
      await stanBench(report, { contestants, rounds, share: options.quick ? 0.5 : 1, store });
  }
  if (wanted('crowd')) await crowd(report, { contestants, rounds, count, channels: 10_000, subscriptions: 1_000 });
  if (wanted('memory')) await memory(report, { contestants, messages: options.quick ? 100_000 : 1_000_000 });
  if (wanted('start')) await start(report, { rounds: options.quick ? 3 : 10 });
  if (wanted('listening')) await listening(report, { contestants, rounds: options.quick ? 5 : 11 });
  print([...rows.values()]);
  const verdicts = [...judgeListening(rows), ...judgeBrokerAims(rows, wanted('stan-bench'))];
  console.log(`\n${verdicts.join('\n')}`);
}

function print(rows) {
  const [{ model }] = cpus();
  console.log(
    `${model} × ${cpus().length}, Node ${process.version}, client node-nats-streaming 0.3.2; medians of the rounds\n`,
  );
  const header = ['case', 'unit', 'embedded', 'real 0.25.6', 'embedded : real'];
  const body = rows.map(({ name, unit, embedded, real }) => {
    const ratio = medianRatio(embedded, real);
    return [name, unit, cell(embedded), cell(real), ratio === null ? '' : ratio.toFixed(2)];
  });
  const widths = header.map((_, column) => Math.max(...[header, ...body].map((line) => line[column].length)));
  const draw = (line) =>
    line.map((text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join('  ');
  console.log([draw(header), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(draw)].join('\n'));
  if (!contestants.includes('real'))
    console.log('\nNo nats-streaming-server here to compare with: npm run server:install (needs Go).');
}

function cell(values) {
  return values.length === 0 ? '' : formatNumber(median(values));
}
