import { durableQueue, outboxEnvelope } from 'nestjs-stan';
import { fromPg } from 'nestjs-stan/postgres';
import type { StanSql } from 'nestjs-stan/postgres';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { replaySubject } from '../../../lib/core/dead-letters/replay.js';
import type { Contract } from '../../support/contract.js';
import { contract } from '../../support/contract.js';
import type { CountingWorld as World, TicketEvent, Work, WorldOptions } from '../../support/counting-world.js';
import { countingWorld, ticketVersions } from '../../support/counting-world.js';
import { usePostgres } from '../../support/postgres/use-postgres.js';
import { latch } from '../../support/wait.js';

const postgres = usePostgres();
const gate = ticketVersions;
const world = (t: Contract, options?: WorldOptions): Promise<World> => countingWorld(t, postgres, options);

const isEmpty = async (world: World) => (await world.parked.list()).length === 0;

contract('the version gate', (t) => {
  it('counts each version once, in order, whatever order they come in and however often', async () => {
    const w = await world(t);
    await w.start();
    await w.publish(['a', 1], ['b', 0], ['a', 0], ['a', 0], ['a', 3], ['b', 0], ['a', 2], ['a', 1]);
    await t.eventually(async () => (await w.effects()).length === 5 && (await isEmpty(w)));
    const effects = await w.effects();
    expect(effects.filter((text) => text.startsWith('a'))).toEqual(['a.0', 'a.1', 'a.2', 'a.3']);
    expect(effects.filter((text) => text.startsWith('b'))).toEqual(['b.0']);
  });

  it('gets through with its window full of early events and the missing one last', async () => {
    const w = await world(t);
    await w.start({ maxInFlight: 4 });
    const early = Array.from({ length: 8 }, (_, i) => ['a', i + 1] as const);
    await w.publish(...early, ['a', 0]);
    await t.eventually(async () => (await w.effects()).length === 9);
    expect(await w.effects()).toEqual(Array.from({ length: 9 }, (_, i) => `a.${i}`));
    expect(await w.parked.list()).toEqual([]);
  });

  it('runs new events of a server that lost its store, whose sequences begin again', async () => {
    const w = await world(t);
    await w.start();
    await w.publish(['a', 0], ['a', 1]);
    await t.eventually(async () => (await w.effects()).length === 2);
    await t.broker.restart({ state: 'lost' });
    await w.publish(['a', 2], ['b', 0]);
    await t.eventually(async () => (await w.effects()).length === 4, { timeoutMs: 30_000 });
    expect((await w.effects()).sort()).toEqual(['a.0', 'a.1', 'a.2', 'b.0']);
  });

  it('has two members with the same event at once make one effect; the other one is stale', async () => {
    const w = await world(t);
    const skipped: string[] = [];
    const isRunning = latch();
    const mayEnd = latch();
    for (const member of [1, 2]) {
      const server = await w.start({}, async () => {
        isRunning.open();
        await mayEnd.promise;
      });
      server.on('deliverySkipped', ({ reason }) => skipped.push(`${member} ${reason}`));
    }
    await w.publish(['a', 0], ['a', 0]);
    await isRunning.wait();
    mayEnd.open();
    await t.eventually(() => skipped.length === 1);
    expect(skipped[0]).toMatch(/stale$/);
    expect(await w.effects()).toEqual(['a.0']);
  });

  it('leaves the gap of a dead-lettered version open; other keys go on, and its replay closes it', async () => {
    const w = await world(t);
    let isMended = false;
    const server = await w.start({ deadLetter: { subject: w.dead }, maxDeliveries: 1 }, ({ id, version }) => {
      if (id === 'a' && version === 1 && !isMended) throw new Error('cannot be handled');
    });
    const letters: string[] = [];
    server.on('deadLettered', ({ subject }) => letters.push(subject));
    await w.publish(['a', 0], ['a', 1], ['a', 2], ['a', 3], ['b', 0]);
    await t.eventually(async () => letters.length === 1 && (await w.parked.list()).length === 2);
    await t.eventually(async () => (await w.effects()).includes('b.0'));
    expect((await w.effects()).filter((text) => text.startsWith('a'))).toEqual(['a.0']);
    isMended = true;
    await replay(t, w.dead);
    await t.eventually(async () => (await w.effects()).length === 5);
    expect((await w.effects()).filter((text) => text.startsWith('a'))).toEqual(['a.0', 'a.1', 'a.2', 'a.3']);
  });

  it('goes on behind a version that is given up by skip()', async () => {
    const w = await world(t);
    const server = await w.start({ version: { ...gate, gapWarnMs: 1 } });
    const gaps: unknown[] = [];
    server.on('gapOpen', ({ stream, key, expected, parked }) => gaps.push([stream, key, expected, parked]));
    await w.publish(['a', 0], ['a', 2], ['a', 3]);
    await t.eventually(() => gaps.some((gap) => JSON.stringify(gap) === '["ticket","a",1,2]'));
    expect(server.openGapCount()).toBe(1);
    await w.parked.skip('ticket', 'a', 1);
    await t.eventually(async () => (await w.effects()).length === 3);
    expect(await w.effects()).toEqual(['a.0', 'a.2', 'a.3']);
    await t.eventually(() => server.openGapCount() === 0);
  });

  it('keeps a parked event whose handler fails, tries it again, and dead-letters it after its last attempt', async () => {
    const w = await world(t);
    const failures: unknown[] = [];
    const letters: unknown[] = [];
    const retry = { delayMs: 1, maxDelayMs: 1 };
    const options = { deadLetter: { subject: w.dead }, maxDeliveries: 3, retry };
    const server = await w.start(options, ({ version }, context) => {
      if (version === 1) throw new Error(`fails, settled: ${String(context.isSettled())}`);
    });
    server.on('handlerError', ({ deliveries, next }) => failures.push([deliveries, next]));
    server.on('deadLettered', ({ deliveries, error }) => letters.push([deliveries, (error as Error).message]));
    await w.publish(['a', 1], ['a', 2]);
    await t.eventually(async () => (await w.parked.list()).length === 2);
    await w.publish(['a', 0]);
    await t.eventually(() => letters.length === 1);
    expect(failures).toEqual([
      [1, 'parked'],
      [2, 'parked'],
      [3, 'deadLetter'],
    ]);
    expect(letters).toEqual([[3, 'fails, settled: true']]);
    await t.eventually(async () => (await w.parked.list()).length === 1);
    expect(await w.effects()).toEqual(['a.0']);
  });

  it('has a sweeper run what a process left parked that died between its commit and its drain', async () => {
    const w = await world(t);
    const first = await w.start();
    await w.publish(['a', 1], ['a', 2]);
    await t.eventually(async () => (await w.parked.list()).length === 2);
    await first.close();
    // What that process did last: version 0 counted, and nothing after it.
    const entity = { consumer: w.service, stream: 'ticket', key: 'a', version: 0 };
    await w.store.transaction((tx) => w.store.advance(tx, { ...entity, first: 0, mode: 'every', unknownKey: 'first' }));
    await w.start();
    await t.eventually(async () => (await w.effects()).length === 2);
    expect(await w.effects()).toEqual(['a.1', 'a.2']);
  });

  it('counts an event once whose process died between commit and ack', async () => {
    const w = await world(t);
    const entity = { consumer: w.service, stream: 'ticket', key: 'a', version: 0 };
    await w.store.transaction((tx) => w.store.advance(tx, { ...entity, first: 0, mode: 'every', unknownKey: 'first' }));
    const server = await w.start();
    const skipped: unknown[] = [];
    server.on('deliverySkipped', ({ reason }) => skipped.push(reason));
    await w.publish(['a', 0], ['a', 1]);
    await t.eventually(async () => (await w.effects()).length === 1);
    await t.eventually(() => skipped.length > 0);
    expect(await w.effects()).toEqual(['a.1']);
    expect(skipped).toEqual(['stale']);
  });

  it('is never stuck where an event parks while its predecessor commits', async () => {
    const w = await world(t);
    await w.start({ version: { ...gate, waitMs: 0 } });
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    await w.publish(...keys.flatMap((key) => [[key, 1] as const, [key, 0] as const]));
    await t.eventually(async () => (await w.effects()).length === 80, { timeoutMs: 20_000 });
    expect(await w.parked.list()).toEqual([]);
  });

  it('rolls back all that a failing handler wrote', async () => {
    const w = await world(t);
    let runs = 0;
    await w.start({ retry: { attempts: 3, delayMs: 1 } }, () => {
      runs += 1;
      if (runs < 3) throw new Error('not yet');
    });
    await w.publish(['a', 0]);
    await t.eventually(() => runs === 3);
    await t.eventually(async () => (await w.effects()).length === 1);
  });

  it('never goes back in the mode "latest", and parks nothing', async () => {
    const w = await world(t);
    const server = await w.start({ concurrency: 1, version: { ...gate, mode: 'latest' } });
    const stale: unknown[] = [];
    server.on('deliverySkipped', ({ sequence, counted }) => stale.push([sequence, counted]));
    await w.publish(['a', 3], ['a', 1], ['a', 3], ['a', 7]);
    await t.eventually(async () => (await w.effects()).length === 2);
    expect(await w.effects()).toEqual(['a.3', 'a.7']);
    const { stream } = gate;
    expect(stale).toEqual([
      [2, { stream, key: 'a', version: 1 }],
      [3, { stream, key: 'a', version: 3 }],
    ]);
    expect(await w.parked.list()).toEqual([]);
  });

  it('runs a transaction again that lost a serialization conflict, and counts no failure', async () => {
    const conflicts: unknown[] = [];
    const w = await world(t, { sql: serializable((code) => conflicts.push(code)) });
    const failures: unknown[] = [];
    let runs = 0;
    const change = `UPDATE ${w.schema}.shared SET n = n + 1`;
    const work: Work = async (_event, context) => {
      runs += 1;
      // Another transaction changes the row after this one has begun: Postgres refuses this one's write.
      if (runs === 1) await postgres.pool.query(change);
      await context.getTransaction<pg.PoolClient>().query(change);
    };
    // No sweeper: its transactions, SERIALIZABLE as well, could be a part of conflicts.
    const server = await w.start({}, work, undefined, { sweepMs: 60_000 });
    server.on('handlerError', ({ error }) => failures.push(error));
    await postgres.pool.query(`CREATE TABLE ${w.schema}.shared (id int PRIMARY KEY, n int)`);
    await postgres.pool.query(`INSERT INTO ${w.schema}.shared VALUES (1, 0)`);
    await w.publish(['a', 0]);
    await t.eventually(() => runs === 2, { timeoutMs: 20_000 });
    await t.eventually(async () => (await w.effects()).length === 1);
    expect(conflicts).toEqual(['40001']);
    expect(failures).toEqual([]);
  });

  it('gives an event up at once that has no usable key', async () => {
    const w = await world(t);
    const server = await w.start({ deadLetter: { subject: w.dead } });
    const letters: unknown[] = [];
    server.on('deadLettered', ({ error }) => letters.push((error as { code?: string }).code));
    await w.publish([undefined as never, 0]);
    await t.eventually(() => letters.length === 1);
    expect(letters).toEqual(['STAN_UNUSABLE_KEY']);
  });
});

contract('the version gate behind a deserializer', (t) => {
  it('shows the handler of a parked event, too, the id that was read in the payload', async () => {
    const w = await world(t, { deserializer: outboxEnvelope() });
    const ids: unknown[] = [];
    await w.start({}, (_event, context) => ids.push(context.getEventId()));
    const client = await t.client();
    const emit = (version: number) => client.emitAsync(w.subject, envelope(w.subject, { id: 'a', version }));
    await emit(1);
    await t.eventually(async () => (await w.parked.list()).length === 1);
    await emit(0);
    await t.eventually(async () => (await w.effects()).length === 2);
    expect(ids).toEqual(['a.0', 'a.1']);
  });
});

contract('the inbox', (t) => {
  it('counts an event id once, also where it was published twice', async () => {
    const w = await world(t);
    const server = await w.start({ version: false, inbox: { id: 'header' } });
    const skipped: unknown[] = [];
    server.on('deliverySkipped', ({ reason }) => skipped.push(reason));
    await w.publish(['a', 0], ['a', 0], ['a', 1]);
    await t.eventually(async () => (await w.effects()).length === 2 && skipped.length === 1);
    expect(skipped).toEqual(['duplicate']);
  });

  it('counts an id once that a deserializer reads in the payload', async () => {
    const w = await world(t, { deserializer: outboxEnvelope() });
    const server = await w.start({ version: false, inbox: { id: 'header' } });
    const skipped: unknown[] = [];
    server.on('deliverySkipped', ({ reason }) => skipped.push(reason));
    const client = await t.client();
    for (const version of [0, 0, 1]) await client.emitAsync(w.subject, envelope(w.subject, { id: 'a', version }));
    await t.eventually(async () => (await w.effects()).length === 2 && skipped.length === 1);
    expect((await w.effects()).sort()).toEqual(['a.0', 'a.1']);
    expect(skipped).toEqual(['duplicate']);
  });

  it('counts an id once that a function takes from the payload', async () => {
    const w = await world(t);
    const id = (event: TicketEvent) => `${event.id}.${event.version}`;
    const server = await w.start({ version: false, inbox: { id } });
    const skipped: unknown[] = [];
    server.on('deliverySkipped', ({ reason }) => skipped.push(reason));
    await w.publish(['a', 0], ['a', 0], ['a', 1]);
    await t.eventually(async () => (await w.effects()).length === 2 && skipped.length === 1);
    expect((await w.effects()).sort()).toEqual(['a.0', 'a.1']);
    expect(skipped).toEqual(['duplicate']);
  });

  it("counts a delivery once by 'delivery', and an event that was published twice as two", async () => {
    const w = await world(t);
    const skipped: unknown[] = [];
    const inbox = { id: 'delivery', consumer: w.service } as const;
    // Two groups that count in one name: each gets every event, as if it were delivered again.
    for (const group of ['one', 'two']) {
      const server = await w.start({ version: false, inbox, ...durableQueue(`${w.service}-${group}`) });
      server.on('deliverySkipped', ({ reason }) => skipped.push(reason));
    }
    await w.publish(['a', 0], ['a', 0]);
    await t.eventually(async () => (await w.effects()).length === 2 && skipped.length === 2);
    expect(skipped).toEqual(['duplicate', 'duplicate']);
  });

  it('gives an event up without an id in its headers', async () => {
    const w = await world(t);
    const server = await w.start({ version: false, inbox: { id: 'header' }, deadLetter: { subject: w.dead } });
    const letters: unknown[] = [];
    server.on('deadLettered', ({ error }) => letters.push((error as { code?: string }).code));
    await (await t.client()).emitAsync(w.subject, { id: 'a', version: 0 });
    await t.eventually(() => letters.length === 1);
    expect(letters).toEqual(['STAN_MISSING_EVENT_ID']);
  });
});

/** As `@nestjs/outbox` sends an event. */
function envelope(topic: string, payload: TicketEvent) {
  return { id: `${payload.id}.${payload.version}`, topic, key: null, headers: {}, createdAt: Date.now(), payload };
}

/** As `dead-letters replay` does: each letter comes back on the replay subject. */
async function replay(t: Contract, dead: string): Promise<void> {
  const raw = await t.rawClient();
  const letters = await raw.readAll(dead);
  await t.eventually(() => letters.length > 0);
  await raw.publish(replaySubject(dead), letters[0]!.getRawData());
}

/** As fromPg(), but SERIALIZABLE, where concurrent transactions fail with 40001; tells the code of each failure. */
function serializable(onFailure: (code: unknown) => void): StanSql<pg.PoolClient> {
  const readCommitted = fromPg<pg.PoolClient>(postgres.pool);
  return {
    ...readCommitted,
    transaction: (work) =>
      readCommitted.transaction(async (client) => {
        await client.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
        try {
          return await work(client);
        } catch (error) {
          onFailure((error as { code?: unknown }).code);
          throw error;
        }
      }),
  };
}
