/**
 * How many events come early, and how many have to be parked, where the events of a few keys come fast: 600 events of two keys,
 * published in order by one client, to a queue group whose handlers stand behind a version gate. With and without lanes, in two
 * members and in one, each in a process of its own; everything real: nats-streaming-server, Postgres, processes.
 * `node bench/hot-keys.mjs [--runs 5] [--embedded]`; needs `npm run build`.
 */
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Logger } from '@nestjs/common';
import pg from 'pg';

import { ClientStan } from '../dist/lib/index.js';
import { fromPg, PostgresEventStore } from '../dist/lib/stores/postgres/index.js';
import { rotated } from './harness/pairs.mjs';
import { startPostgres } from './harness/postgres.mjs';
import { startServer } from './harness/server.mjs';
import { summarize } from './harness/stats.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' }, embedded: { type: 'boolean' } } });
const [keys, versions] = [2, 300];
const timeoutMs = 180_000;
Logger.overrideLogger(false);

const machine = `${cpus()[0].model} (${cpus().length} cores), Node ${process.version}`;
console.log(`${machine}; load average ${loadavg()[0].toFixed(2)} before the run`);
const postgres = await startPostgres();
const pool = new pg.Pool({ connectionString: postgres.url });
const server = await startServer({ embedded: values.embedded === true });
const client = new ClientStan({ clusterId: server.clusterId, clientId: 'publisher', servers: server.url });
await client.connect();

const ways = [
  { name: 'gate alone, two members', members: 2, isInLanes: false },
  { name: 'gate and lanes, two members', members: 2, isInLanes: true },
  { name: 'gate alone, one member', members: 1, isInLanes: false },
  { name: 'gate and lanes, one member', members: 1, isInLanes: true },
].map((way) => ({ ...way, early: [], parked: [], seconds: [] }));
for (let run = 0; run < Number(values.runs); run += 1) {
  for (const way of rotated(ways, run)) {
    const found = await countOnce(way, `${way.isInLanes ? 'l' : 'g'}${way.members}_${run}`);
    for (const figure of ['early', 'parked', 'seconds']) way[figure].push(found[figure]);
  }
}
console.log(`${keys * versions} events of ${keys} keys; ${values.runs} runs, median (least to greatest)`);
for (const { name, early, parked, seconds } of ways) {
  const texts = [`early ${spread(early)}`, `parked ${spread(parked)}`, `${spread(seconds, 2)} s`];
  console.log(`  ${name.padEnd(28)} ${texts.join('   ')}`);
}
await client.close();
await pool.end();
await server.close();
await postgres.close();

async function countOnce({ members, isInLanes }, name) {
  await new PostgresEventStore(fromPg(pool), { schema: name }).prepare();
  await pool.query(`CREATE TABLE ${name}.effects (key text, version int, PRIMARY KEY (key, version))`);
  const { url, clusterId } = server;
  const settings = { url, clusterId, subject: name, schema: name, databaseUrl: postgres.url, isInLanes };
  const started = Array.from({ length: members }, (_, index) =>
    startMember({ ...settings, clientId: `${name}_${index}` }),
  );
  const processes = await Promise.all(started);
  const startedAt = performance.now();
  const events = Array.from({ length: keys * versions }, (_, place) => {
    return { id: `k${place % keys}`, version: Math.floor(place / keys) };
  });
  await Promise.all(events.map((event) => client.emitAsync(name, event)));
  while ((await effectsIn(name)) < events.length) {
    if (performance.now() - startedAt > timeoutMs)
      throw new Error(`${name}: not all events have counted: ${await stateOf(name)}`);
    await sleep(5);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const counts = await Promise.all(processes.map(endOf));
  const sum = (figure) => counts.reduce((total, count) => total + count[figure], 0);
  return { early: sum('early'), parked: sum('parked'), seconds };
}

async function startMember(settings) {
  const member = fork(join(import.meta.dirname, 'hot-keys', 'member.mjs'), [JSON.stringify(settings)]);
  await once(member, 'message');
  return member;
}

async function endOf(member) {
  member.send('end');
  const [counts] = await once(member, 'message');
  await once(member, 'exit');
  return counts;
}

async function effectsIn(schema) {
  const { rows } = await pool.query(`SELECT count(*) FROM ${schema}.effects`);
  return Number(rows[0].count);
}

async function stateOf(schema) {
  const versions = await pool.query(`SELECT key, version FROM ${schema}.versions`);
  const parked = await pool.query(`SELECT key, min(version), count(*) FROM ${schema}.parked GROUP BY key`);
  return JSON.stringify({ versions: versions.rows, parked: parked.rows });
}

function spread(figures, digits = 0) {
  const { value, min, max } = summarize(figures);
  return `${value.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
