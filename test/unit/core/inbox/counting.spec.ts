import { afterEach, describe, expect, it } from 'vitest';

import type { CountedDelivery, CountedHandler } from '../../../../lib/core/inbox/counted-handler.js';
import { Counting } from '../../../../lib/core/inbox/counting.js';
import { resolveSubscriptionOptions } from '../../../../lib/core/options/index.js';
import type { StanSubscriptionOptions } from '../../../../lib/core/options/index.js';
import { MemoryEventStore } from '../../../../lib/testing/memory-event-store.js';
import { FakeClock, settled } from '../../../support/fake-clock.js';
import { quietFor } from '../../../support/wait.js';

type Event = readonly [key: string, version: number];
type Options = Partial<StanSubscriptionOptions> & { readonly waitMs?: number; readonly gapWarnMs?: number };

class FinalFailure extends Error {}

/** A store that can be away. */
class Store extends MemoryEventStore {
  away: Error | undefined;
  pruned = 0;

  override transaction: MemoryEventStore['transaction'] = (work) =>
    this.away ? Promise.reject(this.away) : super.transaction(work);

  override dueParked: MemoryEventStore['dueParked'] = (...args) =>
    this.away ? Promise.reject(this.away) : super.dueParked(...args);

  override prune(handledBefore: number): Promise<number> {
    this.pruned += 1;
    return super.prune(handledBefore);
  }
}

/** The gates of a service "orders" with one handler, over a store in memory and a clock that stands still. */
class Orders {
  readonly clock = new FakeClock();
  readonly ran: string[] = [];
  readonly events: Record<string, unknown>[] = [];
  readonly letters: unknown[] = [];
  readonly acked: string[] = [];
  readonly sweepFailures: unknown[] = [];
  /** Thrown by the handler, by key and version. */
  readonly failures = new Map<string, Error>();
  readonly counting: Counting;
  private readonly handler: CountedHandler;

  constructor(
    { waitMs = 0, gapWarnMs = 60_000, ...options }: Options = {},
    readonly store = new Store({ sweepMs: 100 }),
    name = 'Tickets.updated',
  ) {
    const version = { stream: 'ticket', key: ([key]: Event) => key, version: ([, n]: Event) => n, waitMs, gapWarnMs };
    this.handler = {
      ...{ name, service: 'orders', subject: 'ticket:updated' },
      options: resolveSubscriptionOptions({ version, ...options }, {}, { owner: name }),
      decode: ({ data }) => JSON.parse(data.toString()) as unknown,
      run: async (data) => {
        const event = (data as Event).join('.');
        await settled();
        const failure = this.failures.get(event);
        if (failure) throw failure;
        this.ran.push(event);
      },
    };
    const setup = {
      ...{ store: this.store, clientId: 'orders-1', clock: this.clock },
      classifier: { isFinal: (error: unknown) => error instanceof FinalFailure, retryLaterMs: () => undefined },
      emit: (event: object) => void this.events.push({ ...event }),
      storeDeadLetter: (subject: string, letter: object) => {
        this.letters.push([subject, letter]);
        return Promise.resolve();
      },
    };
    this.counting = new Counting(setup, [this.handler], (error) => void this.sweepFailures.push(error));
    afterEachTest.push(this.counting);
  }

  handle(key: string, version: number): Promise<'skipped' | undefined> {
    const data = [key, version] as const;
    const sequence = version + 1;
    const delivery: CountedDelivery = {
      message: {
        ...{
          subject: 'ticket:updated',
          sequence,
          timestampNs: 1,
          headerText: '',
          data: Buffer.from(JSON.stringify(data)),
        },
        ...{ redelivered: false, redeliveryCount: 0, native: undefined },
      },
      ack: () => void this.acked.push(data.join('.')),
      isSettled: () => false,
    };
    return this.counting.gateOf(this.handler)(data, delivery);
  }

  types(): unknown[] {
    return this.events.map(({ type }) => type);
  }

  async parked(): Promise<number[]> {
    return (await this.store.listParked('orders', { limit: 100 })).map(({ version }) => version);
  }
}

const afterEachTest: Counting[] = [];
afterEach(async () => {
  for (const counting of afterEachTest.splice(0)) await counting.stop();
});

/** The entity whose events these tests park, as the store knows it. */
const rules = {
  consumer: 'orders',
  stream: 'ticket',
  key: 'a',
  first: 0,
  mode: 'every',
  unknownKey: 'first',
} as const;

describe('the version gate', () => {
  it('runs what is next and acks it once it is committed', async () => {
    const orders = new Orders();
    await expect(orders.handle('a', 0)).resolves.toBeUndefined();
    expect([orders.ran, orders.acked, orders.events]).toEqual([['a.0'], ['a.0'], []]);
  });

  it('runs nothing for what is stale, and says which version of what', async () => {
    const orders = new Orders();
    await orders.handle('a', 0);
    await expect(orders.handle('a', 0)).resolves.toBe('skipped');
    expect(orders.ran).toEqual(['a.0']);
    const counted = { stream: 'ticket', key: 'a', version: 0 };
    expect(orders.events).toEqual([expect.objectContaining({ type: 'deliverySkipped', reason: 'stale', counted })]);
  });

  it('rejects with the failure of the handler, which leaves nothing: its next run counts', async () => {
    const orders = new Orders();
    const failure = new Error('sold out');
    orders.failures.set('a.0', failure);
    await expect(orders.handle('a', 0)).rejects.toBe(failure);
    expect(orders.acked).toEqual([]);
    orders.failures.clear();
    await orders.handle('a', 0);
    expect(orders.ran).toEqual(['a.0']);
  });

  it('parks what is early once its wait is over, and runs it right after its predecessor', async () => {
    const orders = new Orders({ waitMs: 150 });
    const early = orders.handle('a', 1);
    await orders.clock.advance(149);
    expect(await orders.parked()).toEqual([]);
    await orders.clock.advance(1);
    await expect(early).resolves.toBe('skipped');
    expect(await orders.parked()).toEqual([1]);
    await orders.handle('a', 0);
    expect(orders.ran).toEqual(['a.0', 'a.1']);
    expect(orders.types()).toEqual(['parked', 'unparked']);
    expect(await orders.parked()).toEqual([]);
  });

  it('runs an event that waits in memory as soon as its predecessor has counted here', async () => {
    const orders = new Orders({ waitMs: 150 });
    const early = orders.handle('a', 1);
    await settled();
    await orders.handle('a', 0);
    await early;
    expect(orders.ran).toEqual(['a.0', 'a.1']);
    expect([orders.types(), orders.clock.pendingCount()]).toEqual([[], 0]);
  });

  it('parks at once, without a wait, after a stop', async () => {
    const orders = new Orders({ waitMs: 150 });
    const early = orders.handle('a', 1);
    await settled();
    await orders.counting.stop();
    await expect(early).resolves.toBe('skipped');
    expect(await orders.parked()).toEqual([1]);
  });

  it('looks again, after longer and longer pauses, where the store refuses to park for now', async () => {
    const orders = new Orders();
    let refusals = 0;
    const park = orders.store.park.bind(orders.store);
    orders.store.park = (...args) => ((refusals += 1) <= 3 ? Promise.resolve(false) : park(...args));
    const early = orders.handle('a', 1);
    await settled();
    for (const [pauseMs, count] of [
      [29, 1],
      [1, 2],
      [59, 2],
      [1, 3],
      [119, 3],
      [1, 4],
    ] as const) {
      await orders.clock.advance(pauseMs);
      expect(refusals).toBe(count);
    }
    await expect(early).resolves.toBe('skipped');
    expect(await orders.parked()).toEqual([1]);
  });
});

describe('a parked event', () => {
  it('whose handler fails stays parked, and what follows it too', async () => {
    const orders = new Orders({ retry: { delayMs: 60_000, maxDelayMs: 60_000, jitter: 0 } });
    for (const version of [1, 2]) await orders.handle('a', version);
    orders.failures.set('a.1', new Error('sold out'));
    await orders.handle('a', 0);
    expect(orders.ran).toEqual(['a.0']);
    const [first, second] = await orders.store.listParked('orders', { limit: 2 });
    expect([first?.attempts, first?.lastError, second?.attempts]).toEqual([1, 'Error: sold out', 0]);
    expect(orders.events).toContainEqual(
      expect.objectContaining({ type: 'handlerError', next: 'parked', deliveries: 1 }),
    );
  });

  it('is dead-lettered after a final failure, and the gap it leaves stays open', async () => {
    const orders = new Orders({ deadLetter: { subject: 'dead' }, maxDeliveries: 5 });
    for (const version of [1, 2]) await orders.handle('a', version);
    orders.failures.set('a.1', new FinalFailure('gone'));
    await orders.handle('a', 0);
    expect(orders.letters).toEqual([['dead', expect.anything()]]);
    expect(await orders.parked()).toEqual([2]);
    expect(orders.types()).toEqual(['parked', 'parked', 'handlerError', 'deadLettered']);
  });

  it('that a later run finds counted already leaves the store as stale', async () => {
    const orders = new Orders();
    await orders.handle('a', 1);
    for (const version of [0, 1])
      await orders.store.transaction((tx) => orders.store.advance(tx, { ...rules, version }));
    orders.counting.start();
    await orders.clock.advance(100);
    await orders.clock.advance(0);
    expect(orders.ran).toEqual([]);
    expect(orders.events.at(-1)).toMatchObject({ type: 'unparked', outcome: 'stale' });
  });

  it('finds its handler by the subject where the method was renamed since', async () => {
    const store = new Store({ sweepMs: 100 });
    const before = new Orders({}, store, 'Tickets.changed');
    await before.handle('a', 1);
    const after = new Orders({}, store, 'Tickets.updated');
    await after.handle('a', 0);
    expect(after.ran).toEqual(['a.0', 'a.1']);
  });
});

describe('the sweeper', () => {
  it('runs what another process has left due, in order', async () => {
    const store = new Store({ sweepMs: 100 });
    const dead = new Orders({}, store);
    for (const version of [1, 2]) await dead.handle('a', version);
    await store.transaction((tx) => store.advance(tx, { ...rules, version: 0 }));
    const orders = new Orders({}, store);
    orders.counting.start();
    await orders.clock.advance(99);
    expect(orders.ran).toEqual([]);
    await orders.clock.advance(1);
    await orders.clock.advance(0);
    expect(orders.ran).toEqual(['a.1', 'a.2']);
  });

  it('reports a gap once it is old enough, and counts it while it is open', async () => {
    const orders = new Orders({ gapWarnMs: 1 });
    await orders.handle('a', 2);
    await quietFor(5);
    orders.counting.start();
    await orders.clock.advance(100);
    const gap = { consumer: 'orders', stream: 'ticket', key: 'a', expected: 0, parked: 1 };
    expect(orders.events).toContainEqual(expect.objectContaining({ type: 'gapOpen', ...gap }));
    expect(orders.counting.openGapCount).toBe(1);
    await orders.handle('a', 0);
    await orders.handle('a', 1);
    await orders.clock.advance(100);
    expect(orders.counting.openGapCount).toBe(0);
  });

  it('reports an outage of the store once, and goes on after it', async () => {
    const orders = new Orders();
    orders.store.away = new Error('the database is away');
    orders.counting.start();
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await orders.clock.advance(100);
    expect(orders.sweepFailures).toEqual([orders.store.away]);
    orders.store.away = undefined;
    await orders.clock.advance(100);
    expect(orders.store.pruned).toBe(1);
  });

  it('removes old ids once a minute, and leaves no timer after its stop', async () => {
    const orders = new Orders();
    orders.counting.start();
    await orders.clock.advance(59_000);
    expect(orders.store.pruned).toBe(1);
    await orders.clock.advance(2_000);
    expect(orders.store.pruned).toBe(2);
    await orders.counting.stop();
    expect(orders.clock.pendingCount()).toBe(0);
  });
});
