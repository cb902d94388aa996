import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { differences as differencesOf, interval, rotated, signed } from '../harness/pairs.mjs';
import { median } from '../harness/stats.mjs';

/**
 * Measures builds that take turns in the same processes, and prints by how much each differs from the first one.
 * @param {{ name: string, lib: string, look?: string, isInLanes?: boolean }[]} ways
 * @param {{ processes: string, rounds: string, events: string }} counts
 * @param {('publish' | 'deliver')[]} figures
 */
export async function compareBuilds(ways, { processes, rounds, events }, figures = ['publish', 'deliver']) {
  const runs = [];
  for (let index = 0; index < Number(processes); index += 1) {
    // Loaded in another order in each process, since what V8 has compiled first it compiles best.
    const order = { ways: rotated(ways, index), rounds: Number(rounds), eventsPerRound: Number(events) };
    runs.push(await measure(order));
  }
  report(ways, runs, figures);
}

function measure(order) {
  const script = join(import.meta.dirname, 'measure.mjs');
  const args = ['--expose-gc', script, JSON.stringify(order)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`exit code ${code}`))));
  });
}

/** Pairs are of one round of one process; between the first way and each of the others. */
function report([base, ...others], runs, figures) {
  const pairs = runs.reduce((count, run) => count + run[base.name].publish.length, 0);
  console.log(`\n${base.name}: ${runs.length} processes, ${pairs} pairs`);
  for (const what of figures) {
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
