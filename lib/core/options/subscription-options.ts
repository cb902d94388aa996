import {
  Expect,
  ExpectDurationMs,
  ExpectFraction,
  ExpectGiven,
  ExpectOneOf,
  ExpectWholeNumber,
  ExpectWholeSecondsMs,
  isObject,
} from '../option-rules/expect.decorator.js';
import { maxInt32 } from '../option-rules/option-limits.js';
import type { Resolved, ResolvedSwitches } from '../option-rules/resolved.js';
import type { StartAt } from './start-at.js';
import { isStartAt, startAtExpected } from './start-at.js';
import { subjectProblem } from './subject.js';
import type { InboxOptions, ResolvedVersionOptions, VersionOptions } from './counting-options.js';

export type { StartAt } from './start-at.js';

const legalSubjectExpected = 'a legal subject, such as "orders:dead"';

/** @internal */
export const durableQueueNameExpected = 'a name without ":", not empty';

/** @publicApi */
export const ackModes = ['afterHandler', 'manual', 'onDelivery'] as const;
/** @publicApi */
export type AckMode = (typeof ackModes)[number];

/** @publicApi */
export const undecodablePolicies = ['deadLetter', 'leave', 'ack'] as const;
/** @publicApi */
export type UndecodablePolicy = (typeof undecodablePolicies)[number];

/**
 * Says which lane an event belongs to; `undefined` for none.
 * @publicApi
 */
export type LaneOf = (data: never) => string | undefined;

/**
 * How a failed delivery is tried again in this process, while its ack wait allows it.
 * @publicApi
 */
export class RetryOptions {
  /**
   * How often the handler runs for one delivery, the first run included; after the last the server delivers again.
   * Unit: count, 1 to 2147483647. With very many, a poison event keeps its place in `concurrency` until ack wait is over.
   * @defaultValue 3
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN itself only re-sends after ack wait.
   */
  @ExpectWholeNumber({ min: 1 })
  readonly attempts?: number = 3;
  /**
   * Wait before the second run.
   * Unit: milliseconds, 0 to 2147483647. Runs that would begin past ack wait are left to the server.
   * @defaultValue 200
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 0 })
  readonly delayMs?: number = 200;
  /**
   * By what the wait is multiplied before each further run.
   * Unit: factor, 1 to 100. With 1 all waits are equal.
   * @defaultValue 2
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a number from 1 to 100', (value) => typeof value === 'number' && value >= 1 && value <= 100)
  readonly factor?: number = 2;
  /**
   * Longest wait between two runs.
   * Unit: milliseconds, `delayMs` to 2147483647; where only `delayMs` is given and longer than the default, it is used here
   * too. Keep it well below `ackWaitMs`.
   * @defaultValue 5000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 0 })
  readonly maxDelayMs?: number = 5_000;
  /**
   * Share of each wait that is random, so that events which failed together do not come back together.
   * Unit: fraction, 0 to 1.
   * @defaultValue 0.2
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectFraction()
  readonly jitter?: number = 0.2;
  /**
   * Tells whether a failure is worth another run here; where it says no, the delivery is left to the server.
   * Limits: a synchronous function that does not throw.
   * @defaultValue () => true
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a function (error) => boolean', (value) => typeof value === 'function')
  readonly retryOn?: (error: unknown) => boolean = () => true;
}

/**
 * Where events go that this service gives up on.
 * @publicApi
 */
export class DeadLetterOptions {
  /**
   * The subject that gets the dead letters of this service: one per service, not one per subject, since a server allows
   * 100 channels by default.
   * Limits: a legal subject, another one than the handler's own.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 stores/limits.go (MaxChannels).
   */
  @ExpectGiven(legalSubjectExpected)
  @Expect(legalSubjectExpected, (value) => subjectProblem(value) === undefined)
  declare readonly subject: string;
}

/**
 * How a handler is subscribed, and what becomes of its deliveries. Set for all handlers on the server, and over that per
 * handler.
 * @publicApi
 */
export class StanSubscriptionOptions {
  /**
   * The group whose members share the events: each event goes to one of them. `false` on a handler switches the server's
   * default off.
   * Limits: not empty; use no `:`, since the server names a durable group `durableName:queueGroup` and another group of
   * that very name would be the same one. Without a group every instance handles every event.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (processSub).
   */
  @Expect('a name, not empty, or false', (value) => value === false || isName(value))
  readonly queueGroup?: string | false = false;
  /**
   * The name under which the server remembers what was acked while nobody is subscribed. `false` on a handler switches the
   * server's default off.
   * Limits: not empty; no `:` beside a queue group; without a queue group only with a `clientId` that stays the same.
   * Without a durable name, events that arrive during a restart are never seen.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (ErrInvalidDurName, durableKey).
   */
  @Expect('a name, not empty, or false', (value) => value === false || isName(value))
  readonly durableName?: string | false = false;
  /**
   * Where to start: `'new'`, `'lastReceived'`, `'first'`, `{ sequence }`, `{ time }` or `{ agoMs }`.
   * Limits: exactly one; a sequence from 1; a time that is not in the future; a time span from 0 to 9000000000000 ms. The
   * server ignores it when a durable resumes or a queue group exists already.
   * @defaultValue 'new'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (setSubStartSequence).
   */
  @Expect(startAtExpected, isStartAt)
  readonly startAt?: StartAt = 'new';
  /**
   * When the server is told that an event is done: `'afterHandler'`, once the handler's promise or observable has
   * completed; `'manual'`, by `context.ack()`; `'onDelivery'`, on arrival, so that a failure loses the event.
   * @defaultValue 'afterHandler'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (setManualAckMode).
   */
  @ExpectOneOf(ackModes)
  readonly ackMode?: AckMode = 'afterHandler';
  /**
   * Time the server waits for an ack before it delivers the event again.
   * Unit: milliseconds; whole seconds only, 1000 to 2147483000: it goes out as int32 seconds, and a fraction fails inside
   * protobuf with a bare "Assertion failed". Keep it above your slowest handler, or its events are handled twice.
   * @defaultValue 30000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (setAckWaitInSecs); nats-streaming-server 0.25.6 ErrInvalidAckWait.
   */
  @ExpectWholeSecondsMs()
  readonly ackWaitMs?: number = 30_000;
  /**
   * Unacked deliveries that the server lets out to this subscription.
   * Unit: count, 1 to 2147483647. With 1 events come strictly one after the other, and a failing one holds up the rest.
   * @defaultValue 64
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (ErrInvalidMaxInflight).
   */
  @ExpectWholeNumber({ min: 1 })
  readonly maxInFlight?: number = 64;
  /**
   * Handlers of this subscription that run at a time.
   * Unit: count, 1 to `maxInFlight`: more could never run, so a larger one is refused; the server's default is lowered for
   * a handler with a smaller `maxInFlight`. Deliveries above it wait here, and their ack wait runs.
   * @defaultValue maxInFlight
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; a resuming durable is sent all its pending events at once, whatever maxInFlight says.
   */
  @ExpectWholeNumber({ min: 1 })
  readonly concurrency?: number;
  /**
   * How a failed delivery is tried again in this process; `{}` switches it on with its defaults, `false` off. A handler's
   * options go over the server's one by one.
   * Limits: not with `ackMode: 'onDelivery'`.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('an object or false', (value) => value === false || isObject(value))
  readonly retry?: RetryOptions | false = false;
  /**
   * Deliveries of one event after which a failure of its handler is the last: it goes to `deadLetter`. Without one it
   * stays pending on the server, is logged with growing intervals and keeps its place in `maxInFlight`.
   * Unit: count, 1 to 2147483647, by the server's own count, which starts over when the server restarts.
   * Limits: not with `ackMode: 'onDelivery'`. With 1 the first failure is the last.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6, MsgProto.RedeliveryCount (not persisted).
   */
  @Expect(`a whole number from 1 to ${String(maxInt32)}, or false`, isCountOrFalse)
  readonly maxDeliveries?: number | false = false;
  /**
   * Where an event goes after `maxDeliveries`, a `NonRetriableException`, a failed validation or undecodable bytes.
   * `false` on a handler switches the server's default off.
   * Limits: not with `ackMode: 'onDelivery'`. Without it nothing is ever given up: the server delivers again forever.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN has no dead letters.
   */
  @Expect('an object such as { subject: "orders:dead" }, or false', (value) => value === false || isObject(value))
  readonly deadLetter?: DeadLetterOptions | false = false;
  /**
   * What becomes of bytes that the deserializer refuses: `'deadLetter'`, `'leave'` them unacked, or `'ack'` them unhandled.
   * Limits: `'deadLetter'` only beside `deadLetter`. With `'ack'` such events are gone, with `'leave'` each keeps a place
   * in `maxInFlight` forever.
   * @defaultValue 'deadLetter' where one is set, else 'leave'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectOneOf(undecodablePolicies)
  readonly onUndecodable?: UndecodablePolicy;
  /**
   * The lane of an event: events of one lane are handled one at a time, in the order in which the server stored them;
   * lanes share `concurrency`. Called with the decoded payload, before pipes, on arrival. `undefined` is no lane. An event
   * that fails keeps its lane through retries and redeliveries, and the others of its lane wait. `false` on a handler
   * switches the server's default off.
   * Limits: returns 1 to 200 characters; anything else, or a throw, is an UnusableKeyError, which no further try can mend.
   * Orders the events of this subscription in this process: several members of a queue group need `version` as well.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN delivers in order, and starts the next event before the one before it is handled.
   */
  @Expect('a function (data) => string | undefined, or false', isFunctionOrFalse)
  readonly lane?: LaneOf | false = false;
  /**
   * The version gate: each version of an entity counts once, in order, in the handler's own transaction.
   * `false` on a handler switches the server's default off.
   * Limits: needs the server's option `store` and `ackMode` `'afterHandler'`; not beside `inbox`.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN delivers at least once and, to several members, in no order.
   */
  @Expect('an object such as { stream, key, version }, or false', (value) => value === false || isObject(value))
  readonly version?: VersionOptions | false = false;
  /**
   * The inbox: each event id counts once, in no order, in the handler's own transaction. For events that carry an id and no
   * version. `false` on a handler switches the server's default off.
   * Limits: needs the server's option `store` and `ackMode` `'afterHandler'`; not beside `version`.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN delivers at least once.
   */
  @Expect("an object such as { id: 'header' }, or false", (value) => value === false || isObject(value))
  readonly inbox?: InboxOptions | false = false;
}

/** @internal */
export type ResolvedRetryOptions = Resolved<RetryOptions>;

/** @internal */
export type ResolvedSubscriptionOptions = Resolved<
  ResolvedSwitches<StanSubscriptionOptions>,
  { retry: ResolvedRetryOptions | undefined; version: ResolvedVersionOptions | undefined }
>;

/**
 * Tells whether a durable name may stand beside a queue group.
 * Source: nats-streaming-server 0.25.6 server/server.go (ErrInvalidDurName).
 * @internal
 */
export function isDurableQueueName(name: unknown): name is string {
  return isName(name) && !name.includes(':');
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isFunctionOrFalse(value: unknown): boolean {
  return value === false || typeof value === 'function';
}

function isCountOrFalse(value: unknown): boolean {
  return value === false || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxInt32);
}
