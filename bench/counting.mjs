/**
 * What the version gate and the inbox cost above a bare transaction, on a real Postgres with its defaults: time from the
 * arrival of an event until it is acked, one event at a time. The driver keeps everything in memory, so there is no broker
 * in it. All ways take turns of a few events in one process; a figure is the median of the differences within a round.
 * `node bench/counting.mjs [--rounds 300] [--events 10]`; needs `npm run build`.
 */
import 'reflect-metadata';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import { Logger } from '@nestjs/common';
import pg from 'pg';

import { durableQueue, ServerStan } from '../dist/lib/index.js';
import { fromPg, PostgresEventStore } from '../dist/lib/stores/postgres/index.js';
import { memoryDriver } from './harness/memory-driver.mjs';
import { differences, interval, rotated, signed } from './harness/pairs.mjs';
import { startPostgres } from './harness/postgres.mjs';
import { median } from './harness/stats.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '300' }, events: { type: 'string', default: '10' } },
});
const [rounds, eventsPerRound] = [Number(values.rounds), Number(values.events)];
const warmUps = 30;
const keys = 50;
Logger.overrideLogger(false);

const machine = `${cpus()[0].model} (${cpus().length} cores), Node ${process.version}`;
console.log(`${machine}; load average ${loadavg()[0].toFixed(2)} before the run`);
const postgres = await startPostgres();
const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
let statements = 0;
const sql = fromPg({ connect: async () => counted(await pool.connect()) });
const { rows } = await pool.query('SHOW server_version');
await pool.query('CREATE TABLE tickets (id text PRIMARY KEY, price int NOT NULL) WITH (fillfactor = 70)');

const version = { stream: 'ticket', key: ({ id }) => id, version: ({ version }) => version };
const inbox = { id: ({ id, version }) => `${id}/${version}` };
const bare = 'bare transaction';
const servers = [];
const ways = {
  [bare]: await way({}, (event) => sql.transaction((tx) => write(tx, event))),
  'the same again': await way({}, (event) => sql.transaction((tx) => write(tx, event))),
  'version gate': await way({ version }),
  inbox: await way({ inbox }),
  'version gate, stale': await way({ version }, inTransaction, again),
  'inbox, duplicate': await way({ inbox }, inTransaction, again),
  'version gate, early and parked': await way({ version: { ...version, waitMs: 0 } }, inTransaction, early),
};

for (let round = -warmUps; round < rounds; round += 1) {
  for (const { figures, measure } of rotated(Object.values(ways), round)) {
    const figure = await measure();
    if (round >= 0) figures.push(figure);
  }
}
report();
for (const server of servers) await server.close();
await pool.end();
await postgres.close();

/** A handler of its own, with tickets of its own. `turn` delivers one event and gives the ms that it took. */
async function way(counting, handle = inTransaction, turn = once) {
  const name = `w${servers.length}`;
  const driver = memoryDriver();
  const store = new PostgresEventStore(sql, { schema: name });
  const subscription = { ...durableQueue(name), ...counting };
  const server = new ServerStan({ clusterId: 'bench', clientId: name, store, subscription }, () => driver);
  server.addHandler('bench', handle, true, {});
  await server.listen(() => undefined);
  servers.push(server);
  for (let key = 0; key < keys; key += 1) await pool.query('INSERT INTO tickets VALUES ($1, 0)', [`${name}-${key}`]);
  const deliver = (event) => driver.deliverOne(Buffer.from(JSON.stringify(event)));
  const found = { figures: [], statements: [] };
  let place = 0;
  const measure = async () => {
    let tookMs = 0;
    for (let event = 0; event < eventsPerRound; event += 1, place += 1) {
      const next = { id: `${name}-${place % keys}`, version: Math.floor(place / keys), price: place };
      const timed = await turn(deliver, next, server);
      tookMs += timed.tookMs;
      found.statements.push(timed.statements);
    }
    return tookMs / eventsPerRound;
  };
  return Object.assign(found, { measure });
}

function once(deliver, event) {
  return timed(() => deliver(event));
}

/** The second time that an event comes. */
async function again(deliver, event) {
  await deliver(event);
  return timed(() => deliver(event));
}

/** An event that comes before its predecessor; the predecessor, and the run of what was parked, are not timed. */
async function early(deliver, event, server) {
  const [id, first] = [`${event.id}/${event.version}`, { ...event, version: 0 }];
  let onUnparked;
  await pool.query('INSERT INTO tickets VALUES ($1, 0)', [id]);
  const found = await timed(() => deliver({ ...first, id, version: 1 }));
  const unparked = new Promise((resolve) => (onUnparked = resolve));
  server.on('unparked', onUnparked);
  await deliver({ ...first, id });
  await unparked;
  server.off('unparked', onUnparked);
  return found;
}

async function timed(work) {
  const [from, before] = [process.hrtime.bigint(), statements];
  await work();
  return { tookMs: Number(process.hrtime.bigint() - from) / 1e6, statements: statements - before };
}

function inTransaction(event, context) {
  return write(context.getTransaction(), event);
}

async function write(tx, { id, price }) {
  await tx.query('UPDATE tickets SET price = $2 WHERE id = $1', [id, price]);
}

function counted(client) {
  return {
    query: (text, given) => {
      statements += 1;
      return client.query(text, given);
    },
    release: (error) => client.release(error),
  };
}

function report() {
  const own = ways[bare].figures;
  console.log(`Postgres ${rows[0].server_version}; ${rounds} pairs of ${eventsPerRound} events, medians`);
  for (const [name, found] of Object.entries(ways)) {
    const pairs = differences(found.figures, own);
    const [low, high] = interval(pairs).map((value) => signed(value, 3));
    const difference = name === bare ? '' : `${signed(median(pairs), 3)} ms (95 %: ${low} to ${high})`;
    const perEvent = `${median(found.statements)} statements`;
    console.log(`  ${name.padEnd(32)} ${median(found.figures).toFixed(3)} ms  ${perEvent}  ${difference}`);
  }
}
