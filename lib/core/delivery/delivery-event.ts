import type { DeadLetterFailedError } from '../errors/dead-letter-failed.error.js';
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
}

/**
 * A handler failed: it threw, rejected or its stream errored, or a pipe, guard, interceptor or constructor before it did.
 * @publicApi
 */
export interface HandlerErrorEvent extends AboutDelivery {
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
  readonly error: UndecodablePayloadError;
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
}

/** The entity and version that an event is about. */
interface AboutVersion extends AboutDelivery {
  readonly stream: string;
  readonly key: string;
  readonly version: number;
}

/**
 * An event came before its predecessor: it was kept in the event store and acked.
 * @publicApi
 */
export interface EventParkedEvent extends AboutVersion {
  readonly type: 'parked';
}

/**
 * A parked event left the event store: it was `counted` after its predecessor, or was `stale` by then.
 * @publicApi
 */
export interface EventUnparkedEvent extends AboutVersion {
  readonly type: 'unparked';
  readonly outcome: 'counted' | 'stale';
}

/**
 * Events wait for a version that does not come, for longer than `version.gapWarnMs`. Said again at 2, 4, 8 … times that age.
 * @publicApi
 */
export interface GapOpenEvent {
  readonly type: 'gapOpen';
  /** The service whose events wait. */
  readonly consumer: string;
  readonly stream: string;
  readonly key: string;
  /** The version that is missing. */
  readonly expected: number;
  /** Events that wait for it. */
  readonly parked: number;
  /** When the first of them was parked. */
  readonly since: Date;
}

/** @publicApi */
export type DeliveryEvent =
  | HandlerErrorEvent
  | DeadLetteredEvent
  | DeadLetterFailedEvent
  | UndecodableEvent
  | AckWaitNearEvent
  | DeliverySkippedEvent
  | EventParkedEvent
  | EventUnparkedEvent
  | GapOpenEvent;
