/**
 * What lanes cost where they are not used, what they cost where they are, and what they are for.
 *
 * - Processor time per delivery, without network and server: this build against itself with the questions about lanes cut
 *   out, against a second copy of itself, and with a lane for each of 100 keys. See `bench/observe.mjs` for the method.
 * - Events a second with handlers that wait: all at once without lanes, with lanes, and one at a time; and how many of the
 *   events each handled before their predecessor of the same key.
 *
 * `node bench/lanes.mjs [--processes 6] [--rounds 400] [--events 2000]`; needs `npm run build`.
 */
import 'reflect-metadata';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Logger } from '@nestjs/common';

import { ServerStan } from '../dist/lib/index.js';
import { memoryDriver } from './harness/memory-driver.mjs';
import { rotated } from './harness/pairs.mjs';
import { median, medianRatio } from './harness/stats.mjs';
import { copyOf, withoutLanes } from './observe/builds.mjs';
import { compareBuilds } from './observe/compare-builds.mjs';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '400' },
    events: { type: 'string', default: '2000' },
  },
});
const lib = join(import.meta.dirname, '..', 'dist', 'lib');
const folder = join(import.meta.dirname, '..', '.cache', 'bench-lanes');
const copy = (name) => copyOf(lib, join(folder, name));
Logger.overrideLogger(false);

const machine = `${cpus()[0].model} (${cpus().length} cores), Node ${process.version}`;
console.log(`${machine}; load average ${loadavg()[0].toFixed(2)} before the run`);
const used = { name: 'lanes, 100 keys', lib: copy('used'), isInLanes: true };
const unused = { name: 'no lanes', lib: copy('plain') };
const second = { name: 'no lanes, second copy', lib: copy('second') };
const cut = { name: 'no question about lanes', lib: withoutLanes(lib, join(folder, 'cut')) };
await compareBuilds([cut, unused, second], values, ['deliver']);
await compareBuilds([unused, used], values, ['deliver']);
await compareOrder();

/** 2 000 events of 100 keys, in any order of the keys, and handlers that take 1 to 5 ms. */
async function compareOrder() {
  const rounds = 10;
  const events = eventsOfKeys(2_000, 100);
  const ways = [
    { name: 'no lanes, 32 at a time', options: { concurrency: 32 } },
    { name: 'lanes, 32 at a time', options: { concurrency: 32, lane: ({ id }) => id } },
    { name: 'one at a time', options: { concurrency: 1 } },
  ].map((way) => ({ ...way, rates: [], outOfOrder: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { options, rates, outOfOrder } of rotated(ways, round)) {
      const found = await handleAll(events, options);
      rates.push(found.rate);
      outOfOrder.push(found.outOfOrder);
    }
  }
  console.log(`\n${events.length} events of 100 keys, handlers of 1 to 5 ms; ${rounds} rounds, medians`);
  for (const { name, rates, outOfOrder } of ways) {
    const ratio = medianRatio(rates, ways[0].rates).toFixed(2);
    const order = `${median(outOfOrder)} out of order`;
    console.log(`  ${name.padEnd(24)} ${median(rates).toFixed(0).padStart(6)} events/s  ×${ratio}  ${order}`);
  }
}

/** The same in each run: a key by chance, its next version, and for how long its handler waits. */
function eventsOfKeys(count, keys) {
  const versions = new Map();
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const id = `k${(state >>> 16) % keys}`;
    const version = versions.get(id) ?? 0;
    versions.set(id, version + 1);
    return { id, version, waitMs: 1 + ((state >>> 8) % 5) };
  });
}

async function handleAll(events, options) {
  const driver = memoryDriver((place) => Buffer.from(JSON.stringify(events[place])));
  const subscription = { maxInFlight: 10_000, ...options };
  const server = new ServerStan({ clusterId: 'bench', clientId: 'bench', subscription }, () => driver);
  const last = new Map();
  let outOfOrder = 0;
  const handle = async ({ id, version, waitMs }) => {
    await sleep(waitMs);
    if (version !== (last.get(id) ?? -1) + 1) outOfOrder += 1;
    last.set(id, version);
  };
  server.addHandler('bench', handle, true, {});
  await server.listen(() => undefined);
  const startedAt = performance.now();
  await driver.deliver(events.length);
  const seconds = (performance.now() - startedAt) / 1_000;
  await server.close();
  return { rate: events.length / seconds, outOfOrder };
}
