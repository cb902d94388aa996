/**
 * One process of `bench/observe.mjs` or `bench/lanes.mjs`: measures the builds given as JSON, in turns, over a driver that keeps everything in
 * memory, so that nothing but the package itself is measured. Writes a line of JSON: by name the processor time per event
 * in us of each round.
 */
import { tracingChannel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Logger } from '@nestjs/common';
import 'reflect-metadata';

import { memoryDriver } from '../harness/memory-driver.mjs';
import { rotated } from '../harness/pairs.mjs';

const { ways, rounds, eventsPerRound } = JSON.parse(process.argv[2]);
Logger.overrideLogger(false);
/** As many different keys as lanes are measured with at most. */
const events = Array.from({ length: 100 }, (_, key) => Buffer.from(`{"id":"${key}"}`));

const measurers = [];
for (const { name, lib, look, isInLanes } of ways) {
  const library = await import(pathToFileURL(join(lib, 'index.js')).href);
  measurers.push({ name, measure: await measurer(library, look, isInLanes), figures: { publish: [], deliver: [] } });
}
const warmUps = Math.ceil(60_000 / eventsPerRound);
for (let round = -warmUps; round < rounds; round += 1) {
  // Another one first in each round, since whoever comes second finds what the first has left.
  for (const { measure, figures } of rotated(measurers, round)) {
    const { publish, deliver } = await measure();
    if (round < 0) continue;
    figures.publish.push(publish);
    figures.deliver.push(deliver);
  }
}
process.stdout.write(`${JSON.stringify(Object.fromEntries(measurers.map(({ name, figures }) => [name, figures])))}\n`);

async function measurer({ ClientStan, ServerStan }, look, isInLanes) {
  const driver = memoryDriver((place) => events[place % events.length]);
  const connection = { clusterId: 'bench', clientId: 'bench' };
  const client = new ClientStan(connection, () => driver);
  const subscription = { maxInFlight: 1_000_000, ...(isInLanes && { lane: ({ id }) => id }) };
  const server = new ServerStan({ ...connection, subscription }, () => driver);
  server.addHandler('bench', () => Promise.resolve(), true, {});
  await server.listen(() => undefined);
  let seen = 0;
  const see = () => (seen += 1);
  if (look === 'listeners') {
    server.on('handled', see);
    client.on('publishSettled', see);
  }
  const channels =
    look === 'channels' ? ['nestjs-stan:publish', 'nestjs-stan:handle'].map((id) => tracingChannel(id)) : [];
  const subscribers = { start: see, asyncEnd: see };
  return async () => {
    for (const channel of channels) channel.subscribe(subscribers);
    const publish = await cpuPerEvent(() => emitAll(client));
    const deliver = await cpuPerEvent(() => driver.deliver(eventsPerRound));
    for (const channel of channels) channel.unsubscribe(subscribers);
    return { publish, deliver };
  };
}

async function emitAll(client) {
  const window = Math.min(1_000, eventsPerRound);
  for (let sent = 0; sent < eventsPerRound; sent += window)
    await Promise.all(Array.from({ length: window }, () => client.emitAsync('bench', { id: 7 })));
}

/** With the young garbage of the one before collected, so that nobody pays for what another one has left. */
async function cpuPerEvent(work) {
  globalThis.gc({ type: 'minor' });
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / eventsPerRound;
}
