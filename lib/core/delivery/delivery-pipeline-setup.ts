import type { DriverMessage } from '../driver/driver.js';
import type { ResolvedSubscriptionOptions } from '../options/subscription-options.js';
import type { DeadLetter } from './dead-letter.js';
import type { DeliveryClock } from './delivery-clock.js';
import type { DeliveryEvent } from './delivery-event.js';
import type { Delivery } from './delivery.js';
import type { FailureClassifier } from './failure-policy.js';

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
  /** Bytes to data; throws, or rejects, on bytes that it refuses. */
  readonly decode: (message: DriverMessage) => unknown;
  /** Runs the handler to its end; rejects where it failed. */
  readonly handle: (data: unknown, delivery: Delivery) => Promise<void>;
  readonly classifier: FailureClassifier;
  /** Stores a dead letter; resolves once the server has it. */
  readonly storeDeadLetter: (subject: string, deadLetter: DeadLetter) => Promise<void>;
  /** Tells what happened; must not throw. */
  readonly emit: (event: DeliveryEvent) => void;
  readonly clock: DeliveryClock;
}
