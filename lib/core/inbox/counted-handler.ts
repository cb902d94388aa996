import type { FailureClassifier } from '../delivery/failure-policy.js';
import type { DeadLetter } from '../dead-letters/dead-letter.js';
import type { Clock } from '../clock.js';
import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { DriverMessage } from '../driver/driver.js';
import type { ResolvedSubscriptionOptions } from '../options/subscription-options.js';
import type { CountingEvent } from './counting-event.js';
import type { StanEventStore } from '../event-store/event-store.js';

/**
 * A message on its way to a handler, as far as counting needs it: a delivery, a replay, or one that was parked.
 * @internal
 */
export interface CountedDelivery {
  readonly message: Omit<DriverMessage, 'ack'>;
  /** What the deserializer has read in the event beside its data. */
  readonly headers?: ReadonlyMap<string, string> | undefined;
  ack(): void;
  isSettled(): boolean;
}

/**
 * A handler whose events count once.
 * @internal
 */
export interface CountedHandler {
  readonly name: string;
  /** In whose name versions are counted. */
  readonly service: string;
  readonly subject: string;
  readonly options: ResolvedSubscriptionOptions;
  /** Bytes to data, or to a `DecodedEvent`; throws, or rejects, on bytes that it refuses. */
  readonly decode: (message: Pick<DriverMessage, 'subject' | 'sequence' | 'data'>) => unknown;
  /** Runs guards, interceptors, pipes and handler to their end; rejects where one failed. */
  readonly run: (data: unknown, delivery: CountedDelivery, transaction: unknown) => Promise<void>;
}

/**
 * Runs an event through a gate; `skipped` where its handler did not run now. Rejects where it failed.
 * @internal
 */
export type Gate = (data: unknown, delivery: CountedDelivery) => Promise<'skipped' | undefined>;

/**
 * What all gates of a server share.
 * @internal
 */
export interface CountingSetup {
  readonly store: StanEventStore;
  readonly clientId: string;
  readonly clock: Clock;
  readonly classifier: FailureClassifier;
  readonly emit: (event: DeliveryEvent | CountingEvent) => void;
  readonly storeDeadLetter: (subject: string, deadLetter: DeadLetter) => Promise<void>;
}
