import type { DriverMessage } from '../driver/driver.js';
import type { ResolvedSubscriptionOptions } from '../options/subscription-options.js';
import type { DeadLetter } from '../dead-letters/dead-letter.js';
import type { Clock } from '../clock.js';
import type { DeliveryEvent, DeliverySkippedEvent } from './delivery-event.js';
import type { Delivery } from './delivery.js';
import type { FailureClassifier } from './failure-policy.js';

/** What every event about a delivery tells. */
type AboutMessage = Pick<DeliverySkippedEvent, 'subject' | 'sequence' | 'handler' | 'traceId'>;

/** @internal */
export function aboutMessage(setup: DeliveryPipelineSetup, message: DriverMessage): AboutMessage {
  const { subject, sequence } = message;
  const traceId = setup.traceIdOf(message);
  return { subject, sequence, handler: setup.handlerName, ...(traceId !== undefined && { traceId }) };
}

/**
 * What a pipeline needs to know and to reach; all of it stays the same for its life.
 * @internal
 */
export interface DeliveryPipelineSetup {
  readonly options: ResolvedSubscriptionOptions;
  /** The handler's method, for events and dead letters. */
  readonly handlerName: string;
  /** The service's name in dead letters. */
  readonly service: string;
  readonly clientId: string;
  /** Bytes to data, or to a `DecodedEvent`; throws, or rejects, on bytes that it refuses. */
  readonly decode: (message: DriverMessage) => unknown;
  /**
   * Runs the handler to its end, or finds that it need not run (`skipped`); rejects where it failed. `undefined` where it
   * has come to its end already.
   */
  readonly handle: (data: unknown, delivery: Delivery) => Promise<unknown> | undefined;
  readonly classifier: FailureClassifier;
  /** Stores a dead letter; resolves once the server has it. */
  readonly storeDeadLetter: (subject: string, deadLetter: DeadLetter) => Promise<void>;
  /** Tells what happened; must not throw. */
  readonly emit: (event: DeliveryEvent) => void;
  /** Whether anybody wants to be told of runs that went well: without, nothing is made for them. */
  readonly hasListeners: () => boolean;
  /** The trace that a message belongs to, where it is known. */
  readonly traceIdOf: (message: DriverMessage) => string | undefined;
  readonly clock: Clock;
}
