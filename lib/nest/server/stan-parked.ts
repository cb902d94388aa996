import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import type { ParkedEvent, StanEventStore } from '../../core/event-store/event-store.js';
import { inTransaction } from '../../core/inbox/handler-transaction.js';

/** Events that `list()` returns where nothing else is asked for. */
const defaultLimit = 100;

/**
 * What to list.
 * @publicApi
 */
export interface StanParkedQuery {
  readonly stream?: string;
  readonly key?: string;
  /**
   * The most events that are returned.
   * @defaultValue 100
   */
  readonly limit?: number;
}

/**
 * The events of one service that are parked because an earlier version is missing: to look at them, and to end a gap that
 * will not close by itself. Works from any process that reaches the store; a running member of the service finds what has
 * become due within the store's `sweepMs`.
 * @publicApi
 */
export class StanParked {
  /**
   * @param store - the store that the service's `ServerStan` has
   * @param consumer - the service: its queue group, else its durable name, else its client id
   */
  constructor(
    private readonly store: StanEventStore,
    private readonly consumer: string,
  ) {}

  /** The parked events, in order of stream, key and version. */
  list({ stream, key, limit = defaultLimit }: StanParkedQuery = {}): Promise<ParkedEvent[]> {
    return this.store.listParked(this.consumer, { stream, key, limit });
  }

  /**
   * Gives the versions of an entity up to `upTo` up: they count as done, what is parked of them is removed, and what follows
   * runs. Events of these versions that still come are stale.
   * @throws InvalidOptionError (STAN_INVALID_OPTION), EventStoreError (STAN_EVENT_STORE_FAILED)
   */
  async skip(stream: string, key: string, upTo: number): Promise<void> {
    if (!Number.isSafeInteger(upTo)) {
      throw new InvalidOptionError('upTo', 'a safe integer', upTo, { owner: 'StanParked.skip()' });
    }
    const entity = { consumer: this.consumer, stream, key, version: upTo };
    await inTransaction(this.store, 'skip versions', (tx) => this.store.skip(tx, entity));
  }

  /**
   * Makes the parked events of an entity due at once, where their last run failed; returns how many are parked.
   * @throws EventStoreError (STAN_EVENT_STORE_FAILED)
   */
  retry(stream: string, key: string): Promise<number> {
    const entity = { consumer: this.consumer, stream, key };
    return inTransaction(this.store, 'retry parked events', (tx) => this.store.retryParked(tx, entity));
  }
}
