import { describe, expect, it } from 'vitest';

import { EventStoreError } from '../../../../lib/core/errors/event-store.error.js';
import { inTransaction } from '../../../../lib/core/inbox/handler-transaction.js';
import { MemoryEventStore } from '../../../../lib/testing/memory-event-store.js';
import { FakeClock, settled } from '../../../support/fake-clock.js';

class Conflict extends Error {}

/** A store whose conflicts are told by their class. */
class ConflictingStore extends MemoryEventStore {
  override isConflict(error: unknown): boolean {
    return error instanceof Conflict;
  }
}

const store = new ConflictingStore();

describe('a transaction of the event store', () => {
  it('is run again after a conflict, a while later', async () => {
    const clock = new FakeClock();
    let runs = 0;
    const outcome = inTransaction(
      store,
      'count an event',
      async () => {
        if ((runs += 1) === 1) throw new Conflict();
        return 'counted';
      },
      clock,
    );
    await settled();
    expect([runs, clock.pendingCount()]).toEqual([1, 1]);
    await clock.advance(1_000);
    await expect(outcome).resolves.toBe('counted');
    expect(runs).toBe(2);
  });

  it('is run six times at most, whether it is the handler or the store that meets the conflict', async () => {
    for (const isHandler of [true, false]) {
      let runs = 0;
      const conflict = new Conflict();
      const outcome = inTransaction(
        store,
        'count an event',
        (_tx, run) => {
          runs += 1;
          return isHandler ? run(() => Promise.reject(conflict)) : Promise.reject(conflict);
        },
        { after: (_ms, callback) => (callback(), () => undefined) },
      );
      if (isHandler) await expect(outcome).rejects.toBe(conflict);
      else await expect(outcome).rejects.toMatchObject({ code: 'STAN_EVENT_STORE_FAILED', cause: conflict });
      expect(runs).toBe(6);
    }
  });

  it('rejects with what the handler has thrown, as it was thrown, and runs no second time', async () => {
    let runs = 0;
    // No Error: what a handler throws is its own affair.
    const thrown: unknown = 'sold out';
    const outcome = inTransaction(store, 'count an event', (_tx, run) => {
      runs += 1;
      return run(async () => {
        await Promise.resolve();
        throw thrown;
      });
    });
    await expect(outcome).rejects.toBe('sold out');
    expect(runs).toBe(1);
  });

  it('tells a failure of the store from one of the handler, and what it was doing', async () => {
    const cause = new Error('the connection is lost');
    const outcome = inTransaction(store, 'park an early event', () => Promise.reject(cause));
    await expect(outcome).rejects.toBeInstanceOf(EventStoreError);
    await expect(outcome).rejects.toMatchObject({ cause });
    await expect(outcome).rejects.toThrow(/park an early event/);
  });
});
