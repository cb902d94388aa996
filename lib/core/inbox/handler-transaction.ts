import { systemClock } from '../clock.js';
import type { Clock } from '../clock.js';
import { EventStoreError } from '../errors/event-store.error.js';
import type { StanEventStore } from '../event-store/event-store.js';

/** Runs of one transaction that ended in a conflict with another one, before it counts as a failure of the store. */
const conflictRuns = 6;

/** The longest pause before the second run; twice as long before each further one. Unit: milliseconds. */
const firstConflictPauseMs = 50;

/**
 * What runs in a transaction: `run` calls the handler, so that its failure can be told from one of the store.
 * @internal
 */
export type TransactionWork<T> = (tx: unknown, run: (handler: () => Promise<void>) => Promise<void>) => Promise<T>;

/**
 * Runs one transaction of the store, again where it lost against another one. Rejects with what the handler has thrown, as it
 * was thrown, or with an `EventStoreError`.
 * @internal
 */
export async function inTransaction<T>(
  store: StanEventStore,
  action: string,
  work: TransactionWork<T>,
  clock: Pick<Clock, 'after'> = systemClock,
): Promise<T> {
  for (let runs = 1; ; runs += 1) {
    let failure: { readonly error: unknown } | undefined;
    try {
      return await store.transaction((tx) =>
        work(tx, async (handler) => {
          try {
            await handler();
          } catch (error) {
            failure = { error };
            throw error;
          }
        }),
      );
    } catch (error) {
      const isConflict = store.isConflict(error) || (failure !== undefined && store.isConflict(failure.error));
      if (isConflict && runs < conflictRuns) {
        await conflictPause(runs, clock);
        continue;
      }
      // An adapter may have wrapped it on the way.
      if (failure !== undefined) throw failure.error;
      throw new EventStoreError(action, { cause: error });
    }
  }
}

/** Of a random length: transactions that fell over each other would begin again together, and fall over each other again. */
function conflictPause(runs: number, clock: Pick<Clock, 'after'>): Promise<void> {
  const pauseMs = Math.random() * firstConflictPauseMs * 2 ** (runs - 1);
  return new Promise((resolve) => void clock.after(pauseMs, resolve));
}
