import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PostgresEventStore, fromPg } from 'nestjs-stan/postgres';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { cleanUpAfterTest } from '../support/cleanup.js';
import type { Contract } from '../support/contract.js';
import { contract } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { usePostgres } from '../support/postgres/use-postgres.js';
import { eventually, latch, quietFor } from '../support/wait.js';

/** More with `COUNTING_SEEDS=20`. */
const seeds = Number(process.env['COUNTING_SEEDS'] ?? 1);
/** The same runs without the gate must fail: a few of them say that. */
const seedsWithoutGate = Math.min(seeds, 3);
const [keys, versions] = [60, 20];
const postgres = usePostgres();

interface Outcome {
  readonly effects: number;
  readonly outOfOrder: number;
  readonly parked: number;
  readonly kills: number;
}

contract(
  'a service whose members are killed',
  (t) => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      it(`counts each event once and in order, with the gate (seed ${seed})`, async ({ annotate }) => {
        const { kills, ...outcome } = await run(t, seed, true);
        await annotate(figures({ kills, ...outcome }));
        expect(kills).toBeGreaterThan(0);
        expect(outcome).toEqual({ effects: keys * versions, outOfOrder: 0, parked: 0 });
      });
    }

    for (let seed = 1; seed <= seedsWithoutGate; seed += 1) {
      it(`does not without the gate, so the run above can see it (seed ${seed})`, async ({ annotate }) => {
        const outcome = await run(t, seed, false);
        await annotate(figures(outcome));
        expect(outcome.effects).toBeGreaterThan(keys * versions);
        expect(outcome.outOfOrder).toBeGreaterThan(0);
      });
    }
  },
  { clock: 'real' },
);

function figures({ effects, outOfOrder, parked, kills }: Outcome): string {
  return `${keys * versions} events, ${effects} effects, ${outOfOrder} out of order, ${parked} parked, ${kills} kills`;
}

/** Publishes all versions in any order and a third of them twice, while one of two members is killed again and again. */
async function run(t: Contract, seed: number, isGated: boolean): Promise<Outcome> {
  const random = randomOf(seed);
  const [subject, group, schema] = [fresh('ticket'), fresh('orders'), postgres.schema()];
  const store = new PostgresEventStore(fromPg<pg.PoolClient>(postgres.pool), { schema });
  await store.prepare();
  await postgres.pool.query(`CREATE TABLE ${schema}.effects (place serial, key text, version int)`);
  const { url, clusterId } = t.broker;
  const settings = { url, clusterId, broker: t.name, subject, group, schema, databaseUrl: postgres.url, isGated };
  const members = await Promise.all([0, 1].map((index) => startMember({ ...settings, clientId: `${group}-${index}` })));

  let kills = 0;
  const done = latch();
  const killing = (async () => {
    for (;;) {
      await quietFor(600 + random() * 500);
      if (done.isOpen()) return;
      const index = random() < 0.5 ? 0 : 1;
      const dead = once(members[index]!, 'close');
      members[index]!.kill('SIGKILL');
      kills += 1;
      await dead;
      members[index] = await startMember({ ...settings, clientId: `${group}-${index}` });
    }
  })();
  try {
    const client = await t.client();
    await Promise.all(eventsOf(random).map((event) => client.emitAsync(subject, event)));
    const isComplete = async () => (await counted(schema)) === keys * versions && (await parkedIn(schema)) === 0;
    await eventually(isComplete, { timeoutMs: 120_000, intervalMs: 100, what: 'every event has counted' });
    // What is published twice may still come: it must change nothing.
    await eventually(async () => kills > 0);
  } finally {
    done.open();
    await killing;
  }
  await quietFor(2_500);
  return { ...(await judge(schema)), parked: await parkedIn(schema), kills };
}

async function startMember(settings: object): Promise<ChildProcess> {
  const program = join(import.meta.dirname, '..', 'support', 'processes', 'counting-member.mjs');
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  cleanUpAfterTest(() => child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => String(text).includes('"ready"') && resolve());
    child.once('close', (code) => reject(new Error(`the member ended with ${String(code)}`)));
  });
  return child;
}

function eventsOf(random: () => number): { id: string; version: number }[] {
  const all = Array.from({ length: keys * versions }, (_, i) => ({
    id: `k${i % keys}`,
    version: Math.floor(i / keys),
  }));
  const twice = all.filter(() => random() < 1 / 3);
  return [...all, ...twice]
    .map((event) => ({ event, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event);
}

async function counted(schema: string): Promise<number> {
  const { rows } = await postgres.pool.query<{ count: string }>(
    `SELECT count(*) FROM (SELECT DISTINCT key, version FROM ${schema}.effects) AS found`,
  );
  return Number(rows[0]!.count);
}

async function parkedIn(schema: string): Promise<number> {
  const { rows } = await postgres.pool.query<{ count: string }>(`SELECT count(*) FROM ${schema}.parked`);
  return Number(rows[0]!.count);
}

async function judge(schema: string): Promise<Pick<Outcome, 'effects' | 'outOfOrder'>> {
  const { rows } = await postgres.pool.query<{ key: string; version: number }>(
    `SELECT key, version FROM ${schema}.effects ORDER BY place`,
  );
  const last = new Map<string, number>();
  let outOfOrder = 0;
  for (const { key, version } of rows) {
    if (version !== (last.get(key) ?? -1) + 1) outOfOrder += 1;
    last.set(key, version);
  }
  return { effects: rows.length, outOfOrder };
}

/** mulberry32: the same seed, the same run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
