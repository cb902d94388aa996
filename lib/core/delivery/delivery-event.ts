import type { DeadLetterFailedError } from '../errors/dead-letter-failed.error.js';
import type { InvalidPayloadError } from '../errors/invalid-payload.error.js';
import type { UndecodablePayloadError } from '../errors/undecodable-payload.error.js';
import type { UndecodablePolicy } from '../options/subscription-options.js';

/**
 * What comes after a failure: another run in this process, another delivery by the server, the dead-letter subject,
 * no further try in this process (`givenUp`), another run from the event store (`parked`), or nothing, since the event was
 * acked before (`lost`).
 * @publicApi
 */
export type AfterFailure = 'retry' | 'redelivery' | 'deadLetter' | 'givenUp' | 'parked' | 'lost';

/** The message and the handler that an event is about. */
interface AboutDelivery {
  readonly subject: string;
  readonly sequence: number;
  /** The handler's method, as far as it is known. */
  readonly handler: string;
  /** The trace it belongs to, where its publisher or the telemetry of this process has said so. */
  readonly traceId?: string;
}

/** How long a run took; known where somebody listens to `handled` or looks at the delivery channel. */
interface RunTiming {
  /** Unit: milliseconds, from the arrival here to the start of the handler: the wait for a free place, or for a retry. */
  readonly waitedMs: number;
  /** Unit: milliseconds, from the start of the handler to its end. */
  readonly tookMs: number;
}

/**
 * A handler has finished with an event, without an error. Made only where somebody listens.
 * @publicApi
 */
export interface HandledEvent extends AboutDelivery, RunTiming {
  readonly type: 'handled';
  /** False where a handler of the ack mode `'manual'` has not acked by its end. */
  readonly isAcked: boolean;
  /** Deliveries of this event by the server's count, this one included. */
  readonly deliveries: number;
  /** Runs of the handler in this delivery. */
  readonly tries: number;
}

/**
 * A handler failed: it threw, rejected or its stream errored, or a pipe, guard, interceptor or constructor before it did.
 * @publicApi
 */
export interface HandlerErrorEvent extends AboutDelivery, Partial<RunTiming> {
  readonly type: 'handlerError';
  readonly error: unknown;
  /** Deliveries of this message that have failed, this one included. */
  readonly deliveries: number;
  /** Runs of the handler in this delivery. */
  readonly tries: number;
  readonly next: AfterFailure;
}

/**
 * An event was stored on the dead-letter subject and acked.
 * @publicApi
 */
export interface DeadLetteredEvent extends AboutDelivery {
  readonly type: 'deadLettered';
  readonly deadLetterSubject: string;
  readonly deliveries: number;
  readonly error: unknown;
}

/**
 * An event could not be stored on the dead-letter subject; it stays in place and is delivered again.
 * @publicApi
 */
export interface DeadLetterFailedEvent extends AboutDelivery {
  readonly type: 'deadLetterFailed';
  readonly error: DeadLetterFailedError;
}

/**
 * The bytes of an event could not be decoded; the handler was not called.
 * @publicApi
 */
export interface UndecodableEvent extends AboutDelivery {
  readonly type: 'undecodable';
  readonly error: UndecodablePayloadError | InvalidPayloadError;
  readonly policy: UndecodablePolicy;
  readonly deliveries: number;
}

/**
 * Handlers of a subscription come near its ack wait, or past it, where the server sends their events again while they
 * run. Said once per subscription.
 * @publicApi
 */
export interface AckWaitNearEvent extends AboutDelivery {
  readonly type: 'ackWaitNear';
  readonly tookMs: number;
  readonly ackWaitMs: number;
}

/**
 * An arrival was not handed to the handler: the message is here already, `running` or `waiting` for its start; it was
 * `handled` before, and is acked again; it has waited here past its ack wait (`expired`); it comes `tooEarly`, before
 * the moment that `RetryLaterException` asked for; it was `givenUp`; its version has counted before (`stale`), or its id
 * (`duplicate`).
 * @publicApi
 */
export interface DeliverySkippedEvent extends AboutDelivery {
  readonly type: 'deliverySkipped';
  readonly reason: 'running' | 'waiting' | 'handled' | 'expired' | 'tooEarly' | 'givenUp' | 'stale' | 'duplicate';
  /** Deliveries of this message by the server's count, this one included. */
  readonly deliveries: number;
  /** Why it was given up; with the reason `givenUp` alone. */
  readonly error?: unknown;
  /** Which version has counted before; with the reason `stale` alone. */
  readonly counted?: CountedVersion;
}

/**
 * A version of an entity, as the option `version` has found it in an event.
 * @publicApi
 */
export interface CountedVersion {
  readonly stream: string;
  readonly key: string;
  readonly version: number;
}

/** @publicApi */
export type DeliveryEvent =
  | HandledEvent
  | HandlerErrorEvent
  | DeadLetteredEvent
  | DeadLetterFailedEvent
  | UndecodableEvent
  | AckWaitNearEvent
  | DeliverySkippedEvent;
