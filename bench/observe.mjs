/**
 * What it costs to be looked at, and what it costs not to be: processor time per event of a publish and of a delivery,
 * without network and server. Two comparisons, each of builds that take turns in the same processes:
 *
 * - nobody looks: this build against itself with the observing hooks replaced by nothing, and against a second copy of
 *   itself, which shows how far two equal builds differ by chance;
 * - somebody looks: listeners of `on()`, and subscribers of the diagnostics channels, against nobody.
 *
 * Turns are short (2 000 events, a few ms), so that whatever else the machine does meets both of a pair.
 * `--processes 6 --rounds 400 --events 2000`, and `--against <dist/lib of another build>` for a comparison with that alone.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { differences as differencesOf, interval, rotated, signed } from './harness/pairs.mjs';
import { median } from './harness/stats.mjs';
import { copyOf, unobserved } from './observe/builds.mjs';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '400' },
    events: { type: 'string', default: '2000' },
    against: { type: 'string' },
  },
});
const root = join(import.meta.dirname, '..');
const lib = join(root, 'dist', 'lib');
const folder = join(root, '.cache', 'bench-observe');
const copy = (name, from = lib) => copyOf(from, join(folder, name));

const comparisons =
  values.against === undefined
    ? [
        [
          { name: 'hooks replaced by nothing', lib: unobserved(lib, join(folder, 'unobserved')) },
          { name: 'nobody looks', lib: copy('plain') },
          { name: 'nobody looks, second copy', lib: copy('second') },
        ],
        [
          { name: 'nobody looks', lib: copy('plain') },
          { name: 'listeners of on()', lib: copy('listeners'), look: 'listeners' },
          { name: 'diagnostics channels', lib: copy('channels'), look: 'channels' },
        ],
      ]
    : [
        [
          { name: 'the other build', lib: copy('other', values.against) },
          { name: 'this build', lib: copy('plain') },
          { name: 'this build, second copy', lib: copy('second') },
        ],
      ];

for (const ways of comparisons) {
  const runs = [];
  // Loaded in another order in each process, since what V8 has compiled first it compiles best.
  for (let index = 0; index < Number(values.processes); index += 1) runs.push(await measure(rotated(ways, index)));
  report(ways, runs);
}

function measure(ways) {
  const order = JSON.stringify({ ways, rounds: Number(values.rounds), eventsPerRound: Number(values.events) });
  const script = join(import.meta.dirname, 'observe', 'measure.mjs');
  const child = spawn(process.execPath, ['--expose-gc', script, order], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`exit code ${code}`))));
  });
}

/** Pairs are of one round of one process; between the first way and each of the others. */
function report([base, ...others], runs) {
  const pairs = runs.reduce((count, run) => count + run[base.name].publish.length, 0);
  console.log(`\n${base.name}: ${runs.length} processes, ${pairs} pairs`);
  for (const what of ['publish', 'deliver']) {
    const own = median(runs.flatMap((run) => run[base.name][what]));
    console.log(`  ${what}  ${own.toFixed(3)} us per event`);
    for (const { name } of others) {
      const differences = runs.map((run) => differencesOf(run[name][what], run[base.name][what]));
      const middle = median(differences.flat());
      const [low, high] = interval(differences.flat());
      const text = [middle, low, high].map((value) => signed((value / own) * 100));
      const byProcess = differences.map((values) => (median(values) / own) * 100).sort((a, b) => a - b);
      console.log(
        `    ${name.padEnd(28)} ${signed(middle * 1_000, 0)} ns = ${text[0]} % (95 %: ${text[1]} to ${text[2]}; ` +
          `processes ${byProcess.map((value) => signed(value)).join(' ')})`,
      );
    }
  }
}
