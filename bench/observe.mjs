/**
 * What it costs to be looked at: processor time per event of a publish and of a delivery, in this process, over a driver
 * that keeps everything in memory, so that nothing else is measured.
 * `node bench/observe.mjs [--rounds 15] [--against <dist/lib of another build>]`
 */
import { tracingChannel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import 'reflect-metadata';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, against: { type: 'string' } } });
const here = join(import.meta.dirname, '..', 'dist', 'lib');
const eventsPerRound = 20_000;

const own = await load(here);
const all = {
  'nobody looks': measurer(own, {}),
  'listeners of on()': measurer(own, { listeners: true }),
  'diagnostics channels': measurer(own, { channels: true }),
};
// Beside another build alone: what the other ways do would show in the code that both share.
const ways =
  values.against === undefined
    ? all
    : { 'nobody looks': all['nobody looks'], 'the other build': measurer(await load(values.against), {}) };

const figures = Object.fromEntries(Object.keys(ways).map((name) => [name, { publish: [], deliver: [] }]));
// In turn, so that a slow moment of the machine meets all of them; the first round only warms up.
for (let round = 0; round <= Number(values.rounds); round += 1) {
  for (const [name, measure] of Object.entries(ways)) {
    const { publish, deliver } = await measure();
    if (round === 0) continue;
    figures[name].publish.push(publish);
    figures[name].deliver.push(deliver);
  }
}
const base = figures[values.against === undefined ? 'nobody looks' : 'the other build'];
for (const [name, { publish, deliver }] of Object.entries(figures)) {
  const cell = (own, other) => `${median(own).toFixed(3)} us (${percent(own, other)})`.padEnd(26);
  console.log(`${name.padEnd(22)} publish ${cell(publish, base.publish)} deliver ${cell(deliver, base.deliver)}`);
}

async function load(folder) {
  return import(pathToFileURL(join(folder, 'index.js')).href);
}

function measurer({ ClientStan, ServerStan }, { listeners = false, channels = false }) {
  const driver = memoryDriver();
  const connection = { clusterId: 'bench', clientId: 'bench' };
  const client = new ClientStan(connection, () => driver);
  const server = new ServerStan({ ...connection, subscription: { maxInFlight: 1_000_000 } }, () => driver);
  server.addHandler('bench', () => Promise.resolve(), true, {});
  let seen = 0;
  const look = () => (seen += 1);
  if (listeners) {
    server.on('handled', look);
    client.on('publishSettled', look);
  }
  const subscribers = { start: look, asyncEnd: look };
  const names = ['nestjs-stan:publish', 'nestjs-stan:handle'];
  let ready;
  return async () => {
    ready ??= server.listen(() => undefined);
    await ready;
    if (channels) for (const name of names) tracingChannel(name).subscribe(subscribers);
    const publish = await cpuPerEvent(() => emitAll(client));
    const deliver = await cpuPerEvent(() => driver.deliver(eventsPerRound));
    if (channels) for (const name of names) tracingChannel(name).unsubscribe(subscribers);
    return { publish, deliver };
  };
}

async function emitAll(client) {
  const window = 1_000;
  for (let sent = 0; sent < eventsPerRound; sent += window)
    await Promise.all(Array.from({ length: window }, () => client.emitAsync('bench', { id: 7 })));
}

async function cpuPerEvent(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / eventsPerRound;
}

/** The driver port in memory: acks each publish in the next turn, and delivers what it is told to. */
function memoryDriver() {
  const data = Buffer.from('{"id":7}');
  let onMessage;
  let sequence = 0;
  return {
    isReady: () => true,
    maxDataBytes: () => 1_048_000,
    // Of builds before 0.1.0: for --against.
    maxPayloadBytes: () => 1_048_576,
    connect: () => Promise.resolve(),
    publish: (_subject, _data, done) => void Promise.resolve().then(() => done(undefined, 'guid')),
    subscribe: (_request, listener) => {
      onMessage = listener;
      return Promise.resolve({ close: () => Promise.resolve() });
    },
    close: () => Promise.resolve(),
    on: () => () => undefined,
    native: () => undefined,
    async deliver(count) {
      const chunk = 1_000;
      let acks = 0;
      for (let sent = 0; sent < count; sent += chunk) {
        for (let i = 0; i < chunk; i += 1) {
          sequence += 1;
          onMessage(messageOf(sequence, data, () => (acks += 1) > 0));
        }
        while (acks < sent + chunk) await nextTurn();
      }
    },
  };
}

function messageOf(sequence, data, ack) {
  return {
    subject: 'bench',
    sequence,
    timestampNs: 1_700_000_000_000_000_000 + sequence * 1_000,
    redelivered: false,
    redeliveryCount: 0,
    data,
    headerText: '',
    native: undefined,
    ack,
  };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function percent(own, other) {
  const difference = (median(own) / median(other) - 1) * 100;
  return `${difference >= 0 ? '+' : ''}${difference.toFixed(1)} %`;
}
