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
 * How a failed delivery is retried in this process, while its ack wait allows it.
 * @publicApi
 */
export class RetryOptions {
  /**
   * How many times the handler runs for one delivery, including the first run; after that the server redelivers.
   * Unit: count, 1 to 2147483647. With a high value, a poison event occupies its slot in `concurrency` for the whole ack
   * wait.
   * @defaultValue 3
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN itself only re-sends after ack wait.
   */
  @ExpectWholeNumber({ min: 1 })
  readonly attempts?: number = 3;
  /**
   * Delay before the second run.
   * Unit: milliseconds, 0 to 2147483647. A run that would begin after the ack wait is left to the server.
   * @defaultValue 200
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 0 })
  readonly delayMs?: number = 200;
  /**
   * Factor by which the delay grows before each further run.
   * Unit: factor, 1 to 100. With 1 all delays are equal.
   * @defaultValue 2
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a number from 1 to 100', (value) => typeof value === 'number' && value >= 1 && value <= 100)
  readonly factor?: number = 2;
  /**
   * Longest delay between two runs.
   * Unit: milliseconds, `delayMs` to 2147483647; if only `delayMs` is set, and is longer than this default, it applies here
   * too. Keep it well below `ackWaitMs`.
   * @defaultValue 5000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 0 })
  readonly maxDelayMs?: number = 5_000;
  /**
   * Random share of each delay, so that events that failed together are not retried together.
   * Unit: fraction, 0 to 1.
   * @defaultValue 0.2
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectFraction()
  readonly jitter?: number = 0.2;
  /**
   * Decides whether a failure is retried in this process; if not, the delivery is left to the server.
   * Limits: a synchronous function that does not throw.
   * @defaultValue () => true
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a function (error) => boolean', (value) => typeof value === 'function')
  readonly retryOn?: (error: unknown) => boolean = () => true;
}

/**
 * Where events go when this service gives up on them.
 * @publicApi
 */
export class DeadLetterOptions {
  /**
   * The subject for the dead letters of this service. Use one per service, not one per subject: a server allows 100
   * channels by default.
   * Limits: a legal subject, different from the handler's own.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 stores/limits.go (MaxChannels).
   */
  @ExpectGiven(legalSubjectExpected)
  @Expect(legalSubjectExpected, (value) => subjectProblem(value) === undefined)
  declare readonly subject: string;
}

/**
 * How a handler is subscribed, and what happens to its deliveries. Defaults for all handlers are set on the server; each
 * handler can override them.
 * @publicApi
 */
export class StanSubscriptionOptions {
  /**
   * The group whose members share the events: each event goes to one of them. `false` on a handler turns off the server's
   * default.
   * Limits: not empty. Avoid `:`: the server names a durable group `durableName:queueGroup`, and a plain group with that
   * name would be the same one. Without a group every instance handles every event.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (processSub).
   */
  @Expect('a name, not empty, or false', (value) => value === false || isName(value))
  readonly queueGroup?: string | false = false;
  /**
   * The name under which the server keeps the position while nobody is subscribed. `false` on a handler turns off the
   * server's default.
   * Limits: not empty; no `:` together with a queue group; without a queue group, the `clientId` must stay the same.
   * Without a durable name, events published during a restart are never delivered.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (ErrInvalidDurName, durableKey).
   */
  @Expect('a name, not empty, or false', (value) => value === false || isName(value))
  readonly durableName?: string | false = false;
  /**
   * Where to start: `'new'`, `'lastReceived'`, `'first'`, `{ sequence }`, `{ time }` or `{ agoMs }`.
   * Limits: exactly one; a sequence of at least 1; a time that is not in the future; a time span from 0 to 9000000000000
   * ms. The server ignores it if a durable resumes or the queue group already exists.
   * @defaultValue 'new'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (setSubStartSequence).
   */
  @Expect(startAtExpected, isStartAt)
  readonly startAt?: StartAt = 'new';
  /**
   * When an event is acknowledged: `'afterHandler'`, once the handler's promise or observable has completed; `'manual'`, by
   * `context.ack()`; `'onDelivery'`, on arrival, so that a failure loses the event.
   * @defaultValue 'afterHandler'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (setManualAckMode).
   */
  @ExpectOneOf(ackModes)
  readonly ackMode?: AckMode = 'afterHandler';
  /**
   * Time the server waits for an ack before it delivers the event again.
   * Unit: milliseconds; whole seconds only, 1000 to 2147483000, because the protocol has int32 seconds. Keep it above your
   * slowest handler, or its events are handled twice.
   * @defaultValue 30000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (setAckWaitInSecs); nats-streaming-server 0.25.6 ErrInvalidAckWait.
   */
  @ExpectWholeSecondsMs()
  readonly ackWaitMs?: number = 30_000;
  /**
   * How many unacknowledged deliveries the server allows for this subscription.
   * Unit: count, 1 to 2147483647. With 1, events come strictly one after the other, and a failing one blocks the rest.
   * @defaultValue 64
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6 server/server.go (ErrInvalidMaxInflight).
   */
  @ExpectWholeNumber({ min: 1 })
  readonly maxInFlight?: number = 64;
  /**
   * How many handlers of this subscription run at the same time.
   * Unit: count, 1 to `maxInFlight`: more could never run, so a larger value is refused; the server's default is lowered
   * for a handler with a smaller `maxInFlight`. Further deliveries wait in this process while their ack wait runs.
   * @defaultValue maxInFlight
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; a resuming durable is sent all its pending events at once, whatever maxInFlight says.
   */
  @ExpectWholeNumber({ min: 1 })
  readonly concurrency?: number;
  /**
   * Retries of a failed delivery in this process; `{}` turns them on with their defaults, `false` turns them off. A
   * handler's options override the server's one by one.
   * Limits: not with `ackMode: 'onDelivery'`.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('an object or false', (value) => value === false || isObject(value))
  readonly retry?: RetryOptions | false = false;
  /**
   * Number of deliveries after which a failed event is given up and goes to `deadLetter`. Without a dead letter it stays
   * pending on the server, is logged at growing intervals and keeps its slot in `maxInFlight`.
   * Unit: count, 1 to 2147483647, by the server's own count, which starts over when the server restarts.
   * Limits: not with `ackMode: 'onDelivery'`. With 1, the first failure is final.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-streaming-server 0.25.6, MsgProto.RedeliveryCount (not persisted).
   */
  @Expect(`a whole number from 1 to ${String(maxInt32)}, or false`, isCountOrFalse)
  readonly maxDeliveries?: number | false = false;
  /**
   * Where an event goes after `maxDeliveries`, a `NonRetriableException`, a failed validation or undecodable bytes.
   * `false` on a handler turns off the server's default.
   * Limits: not with `ackMode: 'onDelivery'`. Without it no event is ever given up: the server redelivers it forever.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN has no dead letters.
   */
  @Expect('an object such as { subject: "orders:dead" }, or false', (value) => value === false || isObject(value))
  readonly deadLetter?: DeadLetterOptions | false = false;
  /**
   * What to do with bytes that the deserializer rejects: `'deadLetter'`, `'leave'` them unacked, or `'ack'` them unhandled.
   * Limits: `'deadLetter'` only together with `deadLetter`. With `'ack'` such events are lost; with `'leave'` each keeps a
   * slot in `maxInFlight` forever.
   * @defaultValue 'deadLetter' where one is set, else 'leave'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectOneOf(undecodablePolicies)
  readonly onUndecodable?: UndecodablePolicy;
  /**
   * Returns the lane of an event: events in the same lane are handled one at a time, in the order in which the server
   * stored them; lanes share `concurrency`. Called on arrival with the decoded payload, before pipes. `undefined` means no
   * lane. A failed event keeps its lane through retries and redeliveries, while the others in that lane wait. `false` on a
   * handler turns off the server's default.
   * Limits: returns 1 to 200 characters; anything else, or a throw, is an UnusableKeyError, which is not retried.
   * It orders the events of this subscription in this process: several members of a queue group need `version` as well.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN delivers in order, and starts the next event before the one before it is handled.
   */
  @Expect('a function (data) => string | undefined, or false', isFunctionOrFalse)
  readonly lane?: LaneOf | false = false;
  /**
   * The version gate: each version of an entity counts once, in order, in the handler's own transaction.
   * `false` on a handler turns off the server's default.
   * Limits: needs the server's option `store` and `ackMode` `'afterHandler'`; not together with `inbox`.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; STAN delivers at least once and, to several members, in no order.
   */
  @Expect('an object such as { stream, key, version }, or false', (value) => value === false || isObject(value))
  readonly version?: VersionOptions | false = false;
  /**
   * The inbox: each event id counts once, in any order, in the handler's own transaction. For events that carry an id but
   * no version. `false` on a handler turns off the server's default.
   * Limits: needs the server's option `store` and `ackMode` `'afterHandler'`; not together with `version`.
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
