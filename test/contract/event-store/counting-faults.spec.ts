import { fromPg } from 'nestjs-stan/postgres';
import type { StanSql } from 'nestjs-stan/postgres';
import pg from 'pg';
import { expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import type { Contract } from '../../support/contract.js';
import { contract } from '../../support/contract.js';
import type { CountingWorld, WorldOptions } from '../../support/counting-world.js';
import { countingWorld, ticketVersions } from '../../support/counting-world.js';
import { storePoints, titleOf, withPoints } from '../../support/failpoints.js';
import type { StorePoint } from '../../support/failpoints.js';
import { usePostgres } from '../../support/postgres/use-postgres.js';
import { latch } from '../../support/wait.js';

const postgres = usePostgres();
const world = (t: Contract, options?: WorldOptions): Promise<CountingWorld> => countingWorld(t, postgres, options);
const overPool = () => fromPg<pg.PoolClient>(postgres.pool);
const parkAtOnce = { ...ticketVersions, waitMs: 0 };
const isEmpty = async (w: CountingWorld) => (await w.parked.list()).length === 0;

contract('the version gate where the event store fails', (t) => {
  for (const point of storePoints) {
    it(`counts every event once where it fails ${titleOf(point)}`, async () => {
      let hits = 0;
      const failing = withPoints(overPool(), (reached) => {
        if (hits > 0 || !isSame(reached, point)) return;
        hits += 1;
        throw new Error('the connection is lost');
      });
      const w = await world(t);
      await w.start({ version: parkAtOnce, ackWaitMs: 1_000, retry: { delayMs: 1 } }, undefined, failing);
      await w.publish(['a', 1]);
      await t.eventually(async () => (await w.parked.list()).length === 1);
      await w.publish(['a', 0]);
      await t.eventually(async () => (await w.effects()).length === 2 && (await isEmpty(w)));
      await w.publish(['a', 2], ['b', 0]);
      await t.eventually(async () => (await w.effects()).length === 4);
      expect(hits).toBe(1);
      const effects = await w.effects();
      expect(effects.filter((text) => text.startsWith('a'))).toEqual(['a.0', 'a.1', 'a.2']);
    });
  }
});

contract('the version gate at a barrier', (t) => {
  it('has two members at one version at the same moment make one effect; the other one is stale', async () => {
    const w = await world(t);
    const bothThere = latch();
    let there = 0;
    const atBarrier = withPoints(overPool(), async ({ action, moment }) => {
      if (action !== 'count' || moment !== 'before the statement') return;
      if ((there += 1) === 2) bothThere.open();
      await bothThere.promise;
    });
    const skipped: string[] = [];
    // One event to each member, where a server can do that.
    const options = { ackWaitMs: 30_000, ...(t.broker.features.limitsMembers && { maxInFlight: 1 }) };
    for (const member of ['one', 'two']) {
      const server = await w.start(options, undefined, atBarrier);
      server.on('deliverySkipped', ({ reason }) => skipped.push(`${member} ${reason}`));
    }
    await w.publish(['a', 0], ['a', 0]);
    await bothThere.wait();
    await t.eventually(() => skipped.length === 1);
    expect(skipped[0]).toMatch(/ stale$/);
    expect(await w.effects()).toEqual(['a.0']);
  });

  t.only(
    'limitsMembers',
    'has a redelivery wait for the run of its event by another member, and be stale',
    async () => {
      const w = await world(t);
      const mayEnd = latch();
      const ran: string[] = [];
      const skipped: { by: string; deliveries: number }[] = [];
      for (const member of ['one', 'two']) {
        const server = await w.start({ maxInFlight: 1, ackWaitMs: 1_000 }, async () => {
          ran.push(member);
          await mayEnd.promise;
        });
        server.on('deliverySkipped', ({ deliveries }) => skipped.push({ by: member, deliveries }));
      }
      await w.publish(['a', 0]);
      await t.eventually(() => ran.length === 1);
      // The second member stands at the row that the first one has advanced.
      await t.eventually(() => waitsAtVersions(w), { timeoutMs: 30_000 });
      mayEnd.open();
      await t.eventually(() => skipped.length > 0);
      expect(ran).toHaveLength(1);
      expect(skipped[0]!.by).not.toBe(ran[0]);
      expect(skipped[0]!.deliveries).toBeGreaterThan(1);
      expect(await w.effects()).toEqual(['a.0']);
    },
  );

  for (const first of [true, false]) {
    const which = first ? 'first version' : 'predecessor';
    it(`runs an event whose ${which} commits while it is about to be parked`, async () => {
      const w = await world(t);
      if (!first) await advance(w, 0);
      const version = first ? 0 : 1;
      const isParking = latch();
      const mayPark = latch();
      // It was found early, and now its predecessor overtakes it.
      const slowToPark = beforeText(overPool(), /FOR UPDATE SKIP LOCKED/, async () => {
        isParking.open();
        await mayPark.promise;
      });
      const parked: unknown[] = [];
      const server = await w.start({ version: parkAtOnce, maxInFlight: 1 }, undefined, slowToPark);
      server.on('parked', (event) => parked.push(event));
      await w.publish(['a', version + 1]);
      await isParking.wait();
      await advance(w, version);
      mayPark.open();
      await t.eventually(async () => (await w.effects()).length === 1);
      expect(await w.effects()).toEqual([`a.${version + 1}`]);
      expect(parked).toEqual([]);
    });

    it(`has the ${which} wait for an event that is being parked, and run it`, async () => {
      const w = await world(t);
      if (!first) await advance(w, 0);
      const version = first ? 0 : 1;
      const isParking = latch();
      const mayPark = latch();
      const slowToPark = withPoints(overPool(), async ({ action, moment }) => {
        if (action !== 'park' || moment !== 'after the statement') return;
        isParking.open();
        await mayPark.promise;
      });
      // No sweeper, so that nobody but the predecessor itself can find it.
      await w.start({ version: parkAtOnce }, undefined, slowToPark, { sweepMs: 60_000 });
      await w.publish(['a', version + 1]);
      await isParking.wait();
      await w.publish(['a', version]);
      await t.eventually(() => waitsAtVersions(w));
      mayPark.open();
      await t.eventually(async () => (await w.effects()).length === 2);
      expect(await w.effects()).toEqual([`a.${version}`, `a.${version + 1}`]);
      expect(await isEmpty(w)).toBe(true);
    });
  }
});

contract('early events behind a slow predecessor', (t) => {
  for (const unknownKey of ['first', 'any'] as const) {
    for (const version of unknownKey === 'any' ? [7] : [0, 1]) {
      it(`hold no connection while version ${version} of a key runs, unknown keys beginning with "${unknownKey}"`, async () => {
        const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
        cleanUpAfterTest(() => pool.end());
        const w = await world(t, { sql: fromPg<pg.PoolClient>(pool) });
        if (version === 1) await advance(w, 0);
        const [isRunning, mayEnd] = [latch(), latch()];
        const options = { version: { ...parkAtOnce, unknownKey }, concurrency: 16, maxInFlight: 16, ackWaitMs: 30_000 };
        await w.start(options, async (event) => {
          if (event.id !== 'a' || event.version !== version) return;
          isRunning.open();
          await mayEnd.promise;
          // What it needs beside its transaction is there.
          await pool.query('SELECT 1');
        });
        await w.publish(['a', version]);
        await isRunning.wait();
        const early = Array.from({ length: 8 }, (_, i) => ['a', version + 1 + i] as const);
        await w.publish(...early);
        // Another key goes on, again and again, in the one connection that is left.
        const firstOfOther = version === 1 ? 0 : version;
        for (const count of [1, 2, 3, 4]) {
          await w.publish(['b', firstOfOther + count - 1]);
          await t.eventually(async () => (await w.effects()).length === count);
        }
        mayEnd.open();
        await t.eventually(async () => (await w.effects()).length === 13 && (await isEmpty(w)));
        const ofKey = (await w.effects()).filter((text) => text.startsWith('a'));
        expect(ofKey).toEqual(Array.from({ length: 9 }, (_, i) => `a.${version + i}`));
      });
    }
  }

  it('use up none of their deliveries while they wait for longer than the ack wait', async () => {
    const w = await world(t);
    const [isRunning, mayEnd] = [latch(), latch()];
    const options = { version: parkAtOnce, ackWaitMs: 1_000, maxDeliveries: 2, deadLetter: { subject: w.dead } };
    const letters: unknown[] = [];
    const server = await w.start(options, async ({ version }) => {
      if (version !== 0) return;
      isRunning.open();
      await mayEnd.promise;
    });
    server.on('deadLettered', (event) => letters.push(event));
    await w.publish(['a', 0]);
    await isRunning.wait();
    await w.publish(['a', 1]);
    await t.pass(5_000);
    mayEnd.open();
    await t.eventually(async () => (await w.effects()).length === 2);
    expect(await w.effects()).toEqual(['a.0', 'a.1']);
    expect(letters).toEqual([]);
  });
});

contract('what counting costs', (t) => {
  for (const [name, options] of [
    ['the version gate', {}],
    ['the inbox', { version: false, inbox: { id: 'header' } }],
  ] as const) {
    it(`is one statement above the transaction of the handler, with ${name}`, async () => {
      const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
      cleanUpAfterTest(() => pool.end());
      const statements = statementsOf(pool);
      const w = await world(t, { sql: fromPg<pg.PoolClient>(pool) });
      await w.start(options, undefined, undefined, { sweepMs: 60_000 });
      await w.publish(['a', 0]);
      await t.eventually(async () => (await w.effects()).length === 1);
      statements.length = 0;
      await w.publish(['a', 1]);
      await t.eventually(async () => (await w.effects()).length === 2);
      // All that went over the connection; a bare transaction is BEGIN, the handler's own INSERT and COMMIT.
      await t.eventually(() => statements.at(-1) === 'COMMIT');
      expect(statements.map((text) => text.trim().split(/\s/)[0])).toEqual([
        'BEGIN',
        'inbox' in options ? 'INSERT' : 'UPDATE',
        'INSERT',
        'COMMIT',
      ]);
      expect(statements[2]).toContain('.effects');
    });
  }
});

/** Every statement of every connection of the pool. */
function statementsOf(pool: pg.Pool): string[] {
  const statements: string[] = [];
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      const [text] = args as [string | { text: string }];
      statements.push(typeof text === 'string' ? text : text.text);
      return query(...args);
    }) as typeof client.query;
  });
  return statements;
}

function isSame(one: StorePoint, other: StorePoint): boolean {
  return one.action === other.action && one.moment === other.moment;
}

/** Another member counts a version of key "a", whose handler writes nothing. */
async function advance({ store, service }: CountingWorld, version: number): Promise<void> {
  const rules = { stream: 'ticket', key: 'a', version, first: 0, mode: 'every', unknownKey: 'first' } as const;
  await store.transaction((tx) => store.advance(tx, { consumer: service, ...rules }));
}

/** As `sql`, but waits before each statement of this text. */
function beforeText(sql: StanSql<pg.PoolClient>, text: RegExp, wait: () => Promise<void>): StanSql<pg.PoolClient> {
  return {
    ...sql,
    query: async (tx, statement, values) => {
      if (text.test(statement)) await wait();
      return sql.query(tx, statement, values);
    },
  };
}

/** Whether a statement on the table of versions waits for a lock. */
async function waitsAtVersions({ schema }: CountingWorld): Promise<boolean> {
  const { rows } = await postgres.pool.query<{ waiting: string }>(
    `SELECT count(*) AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1`,
    [`%${schema}.versions%`],
  );
  return Number(rows[0]!.waiting) > 0;
}
