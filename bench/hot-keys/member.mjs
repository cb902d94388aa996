/**
 * A member of a queue group in a process of its own, for `bench/hot-keys.mjs`: `node member.mjs '{"url":…}'`. Says `ready` once it
 * listens, and when it is told to end, which events came early and which of them were parked.
 */
import 'reflect-metadata';

import { Logger } from '@nestjs/common';
import pg from 'pg';

import { durableQueue, ServerStan } from '../../dist/lib/index.js';
import { fromPg, PostgresEventStore } from '../../dist/lib/stores/postgres/index.js';

const { url, clusterId, clientId, subject, schema, databaseUrl, isInLanes } = JSON.parse(process.argv[2]);
Logger.overrideLogger(false);

const early = new Set();
class WatchedStore extends PostgresEventStore {
  async advance(tx, entity) {
    const outcome = await super.advance(tx, entity);
    if (outcome === 'early') early.add(`${entity.key}/${entity.version}`);
    return outcome;
  }
}

const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
const store = new WatchedStore(fromPg(pool), { schema });
const version = { stream: 'ticket', key: ({ id }) => id, version: ({ version }) => version };
const subscription = { ...durableQueue('orders'), version, ...(isInLanes && { lane: ({ id }) => id }) };
const server = new ServerStan({ clusterId, clientId, servers: url, store, subscription });
server.addHandler(subject, handle, true, {});
let parked = 0;
server.on('parked', () => (parked += 1));
await server.listen(() => undefined);
process.send('ready');
process.once('message', async () => {
  await server.close();
  await pool.end();
  process.send({ early: early.size, parked });
  process.disconnect();
});

async function handle({ id, version }, context) {
  const text = `INSERT INTO ${schema}.effects (key, version) VALUES ($1, $2)`;
  await context.getTransaction().query(text, [id, version]);
}
