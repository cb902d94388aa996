import { deepEqual, equal, rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Advance, ParkedEvent, StanEventStore, VersionedEntity } from '../core/event-store/event-store.js';

/**
 * One thing that a store must do.
 * @publicApi
 */
export interface EventStoreCase {
  /** What holds, as the title of a test. */
  readonly title: string;
  /** Resolves where it holds; rejects, with an assertion error, where it does not. */
  readonly run: () => Promise<void>;
}

type Examine = (store: StanEventStore, consumer: string) => Promise<void>;

/**
 * What every event store must do, as cases for any test runner:
 * `for (const { title, run } of eventStoreContract(makeStore)) it(title, run)`.
 * Each case works with a consumer of its own, so all may share one database.
 * @param make - gives the store under examination, prepared; called once per case
 * @publicApi
 */
export function eventStoreContract(make: () => StanEventStore | Promise<StanEventStore>): EventStoreCase[] {
  return Object.entries(cases).map(([title, examine]) => ({
    title,
    run: async () => examine(await make(), `contract-${randomUUID()}`),
  }));
}

const cases: Readonly<Record<string, Examine>> = {
  'records an event id once per consumer': async (store, consumer) => {
    const record = (name: string) => store.transaction((tx) => store.recordInbox(tx, name, 'e1', Date.now()));
    equal(await record(consumer), true);
    equal(await record(consumer), false);
    equal(await record(`${consumer}-other`), true);
  },
  'gives one event id to exactly one of four transactions at once': async (store, consumer) => {
    const four = [1, 2, 3, 4].map(() => store.transaction((tx) => store.recordInbox(tx, consumer, 'e1', Date.now())));
    deepEqual((await Promise.all(four)).sort(), [false, false, false, true]);
  },
  'forgets an event id with the transaction that fails': async (store, consumer) => {
    const failure = new Error('the handler fails');
    await rejects(
      store.transaction(async (tx) => {
        await store.recordInbox(tx, consumer, 'e1', Date.now());
        throw failure;
      }),
      (error) => error === failure,
    );
    equal(await store.transaction((tx) => store.recordInbox(tx, consumer, 'e1', Date.now())), true);
  },
  'forgets event ids that are older than asked for': async (store, consumer) => {
    await store.transaction((tx) => store.recordInbox(tx, consumer, 'old', 1_000));
    await store.prune(2_000);
    equal(await store.transaction((tx) => store.recordInbox(tx, consumer, 'old', Date.now())), true);
  },
  'lets versions advance one by one, and reports what is stale and what is early': async (store, consumer) => {
    deepEqual(await advanceAll(store, consumer, [1, 0, 0, 2, 1, 3, 1]), [
      ...(['early', 'next', 'stale', 'early', 'next', 'early', 'stale'] as const),
    ]);
  },
  'starts with the first version of the stream': async (store, consumer) => {
    deepEqual(await advanceAll(store, consumer, [6, 5, 6], { first: 5 }), ['early', 'next', 'next']);
  },
  'starts an unknown key at any version if asked to': async (store, consumer) => {
    deepEqual(await advanceAll(store, consumer, [7, 9, 8, 6], { unknownKey: 'any' }), [
      ...(['next', 'early', 'next', 'stale'] as const),
    ]);
  },
  'lets the latest version through, never an older one, in the mode "latest"': async (store, consumer) => {
    deepEqual(await advanceAll(store, consumer, [3, 1, 3, 8, 7], { mode: 'latest' }), [
      ...(['next', 'stale', 'stale', 'next', 'stale'] as const),
    ]);
  },
  'keeps the versions of consumers, streams and keys apart': async (store, consumer) => {
    await advanceAll(store, consumer, [0, 1]);
    for (const other of [{ key: 'other' }, { stream: 'other' }, { consumer: `${consumer}-other` }])
      deepEqual(await advanceAll(store, consumer, [1, 0], other), ['early', 'next']);
  },
  'gives one version to exactly one of four transactions at once': async (store, consumer) => {
    await advanceAll(store, consumer, [0]);
    const four = [1, 2, 3, 4].map(() => advanceAll(store, consumer, [1]));
    deepEqual((await Promise.all(four)).flat().sort(), ['next', 'stale', 'stale', 'stale']);
    const firsts = [1, 2, 3, 4].map(() => advanceAll(store, consumer, [0], { key: 'new' }));
    deepEqual((await Promise.all(firsts)).flat().sort(), ['next', 'stale', 'stale', 'stale']);
  },
  'rolls an advance back with the transaction that fails': async (store, consumer) => {
    const entity = entityOf(consumer, 0);
    await rejects(
      store.transaction(async (tx) => {
        await store.advance(tx, entity);
        throw new Error('the handler fails');
      }),
    );
    deepEqual(await advanceAll(store, consumer, [0]), ['next']);
  },
  'parks an early event and gives it back as it was, once': async (store, consumer) => {
    const event = parkedOf(consumer, 2);
    equal(await park(store, event), true);
    equal(await park(store, event), true);
    deepEqual(await store.listParked(consumer, { limit: 10 }), [event]);
    deepEqual(await take(store, event), event);
    equal(await take(store, event), undefined);
  },
  'does not park an event that is no longer early': async (store, consumer) => {
    await advanceAll(store, consumer, [0]);
    equal(await park(store, parkedOf(consumer, 1)), false);
    equal(await park(store, parkedOf(consumer, 0)), false);
    deepEqual(await store.listParked(consumer, { limit: 10 }), []);
  },
  'never parks an event whose predecessor counts at the same moment': async (store, consumer) => {
    // In either order: parked first, then the advance is told; advanced first, then it is not parked.
    const [isParked, [advance]] = await Promise.all([
      park(store, parkedOf(consumer, 1)),
      advanceAll(store, consumer, [0]),
    ]);
    equal(isParked, advance === 'nextAndParked');
  },
  'tells an advance that events are parked behind it': async (store, consumer) => {
    await park(store, parkedOf(consumer, 1));
    deepEqual(await advanceAll(store, consumer, [0, 1, 2]), ['nextAndParked', 'next', 'next']);
  },
  'puts a parked event back with the transaction that fails': async (store, consumer) => {
    const event = parkedOf(consumer, 1);
    await park(store, event);
    await rejects(
      store.transaction(async (tx) => {
        await store.takeParked(tx, event);
        throw new Error('the handler fails');
      }),
    );
    deepEqual(await store.listParked(consumer, { limit: 10 }), [event]);
  },
  'finds a parked event due once its predecessor has counted, and its time has come': async (store, consumer) => {
    await park(store, parkedOf(consumer, 1));
    await park(store, parkedOf(consumer, 2));
    const due = async (now: number) =>
      (await store.dueParked([consumer, 'somebody-else'], now, 10)).map(({ version }) => version);
    deepEqual(await due(Date.now()), []);
    await advanceAll(store, consumer, [0]);
    deepEqual(await due(Date.now()), [1]);
    const failure = { notBeforeMs: Date.now() + 60_000, lastError: 'Error: no' };
    await store.transaction((tx) => store.failParked(tx, parkedOf(consumer, 1), failure));
    deepEqual(await due(Date.now()), []);
    deepEqual(await due(failure.notBeforeMs), [1]);
    const [kept] = await store.listParked(consumer, { stream: 'ticket', key: 'k', limit: 1 });
    deepEqual([kept?.attempts, kept?.lastError], [1, 'Error: no']);
    equal(await store.transaction((tx) => store.retryParked(tx, entityOf(consumer, 0))), 2);
    deepEqual(await due(Date.now()), [1]);
  },
  'reports a gap with the version that is missing': async (store, consumer) => {
    await advanceAll(store, consumer, [0, 1]);
    await park(store, { ...parkedOf(consumer, 4), parkedAtMs: 1_000 });
    await park(store, { ...parkedOf(consumer, 5), parkedAtMs: 2_000 });
    const gap = { consumer, stream: 'ticket', key: 'k', expected: 2, parked: 2, sinceMs: 1_000 };
    deepEqual(await store.gaps([consumer], 1_500), [gap]);
    deepEqual(await store.gaps([consumer], 500), []);
    await advanceAll(store, consumer, [2, 3]);
    deepEqual(await store.gaps([consumer], 1_500), []);
  },
  'counts parked events by stream, with the age of the first one': async (store, consumer) => {
    await park(store, { ...parkedOf(consumer, 4), parkedAtMs: 2_000 });
    await park(store, { ...parkedOf(consumer, 5), parkedAtMs: 1_000 });
    await park(store, { ...parkedOf(consumer, 4), stream: 'order', parkedAtMs: 3_000 });
    deepEqual(await store.parkedByStream([consumer]), [
      { stream: 'order', parked: 1, sinceMs: 3_000 },
      { stream: 'ticket', parked: 2, sinceMs: 1_000 },
    ]);
    deepEqual(await store.parkedByStream([`${consumer}-other`]), []);
  },
  'skips versions: what is parked up to there is gone, what comes next is due': async (store, consumer) => {
    for (const version of [2, 3]) await park(store, parkedOf(consumer, version));
    await store.transaction((tx) => store.skip(tx, entityOf(consumer, 2)));
    deepEqual(
      (await store.dueParked([consumer], Date.now(), 10)).map(({ version }) => version),
      [3],
    );
    await store.transaction((tx) => store.skip(tx, entityOf(consumer, 1)));
    deepEqual(await advanceAll(store, consumer, [2, 3]), ['stale', 'next']);
  },
};

function entityOf(consumer: string, version: number, over: Partial<VersionedEntity> = {}): VersionedEntity {
  const rules = { first: 0, mode: 'every', unknownKey: 'first' } as const;
  return { consumer, stream: 'ticket', key: 'k', version, ...rules, ...over };
}

async function advanceAll(
  store: StanEventStore,
  consumer: string,
  versions: readonly number[],
  over: Partial<VersionedEntity> = {},
): Promise<Advance[]> {
  const outcomes: Advance[] = [];
  for (const version of versions) {
    const entity = entityOf(consumer, version, over);
    outcomes.push(await store.transaction((tx) => store.advance(tx, entity)));
  }
  return outcomes;
}

function parkedOf(consumer: string, version: number): ParkedEvent {
  return {
    ...{ consumer, stream: 'ticket', key: 'k', version, handler: 'Tickets.updated', subject: 'ticket:updated' },
    sequence: version + 10,
    timestampNs: 1_764_115_200_123_456_800,
    headerText: 'stan-headers/1?id=1',
    // Neither text nor UTF-8: bytes come back as they were.
    payload: Buffer.from([0, 255, 39, 92, 10, 128]),
    parkedAtMs: 1_764_115_200_000,
    attempts: 0,
    notBeforeMs: 0,
    lastError: undefined,
  };
}

function park(store: StanEventStore, event: ParkedEvent): Promise<boolean> {
  return store.transaction((tx) => store.park(tx, event, 0));
}

function take(store: StanEventStore, event: ParkedEvent): Promise<ParkedEvent | undefined> {
  return store.transaction((tx) => store.takeParked(tx, event));
}
