import { IsDefined } from 'class-validator';
import {
  Expect,
  ExpectDurationMs,
  ExpectFraction,
  ExpectOneOf,
  ExpectWholeNumber,
  ExpectWholeSecondsMs,
  isObject,
} from './expect.decorator.js';
import { maxInt32 } from './option-limits.js';
import type { RulesFor } from './option-group.js';
import { isStartAt, startAtExpected } from './start-at.js';
import { subjectProblem } from './subject.js';
import type { DeadLetterOptions, RetryOptions, StanSubscriptionOptions } from './subscription-options.js';
import { ackModes, undecodablePolicies } from './subscription-options.js';

const legalSubjectExpected = 'a legal subject, such as "orders:dead"';

/** @internal */
export const durableQueueNameExpected = 'a name without ":", not empty';

/**
 * Tells whether a durable name may stand beside a queue group.
 * Source: nats-streaming-server 0.25.6 server/server.go (ErrInvalidDurName).
 * @internal
 */
export function isDurableQueueName(name: unknown): name is string {
  return isName(name) && !name.includes(':');
}

/** @internal */
export class RetryRules implements RulesFor<RetryOptions> {
  @ExpectWholeNumber({ min: 1 })
  readonly attempts: unknown;

  @ExpectDurationMs({ min: 0 })
  readonly delayMs: unknown;

  @Expect('a number from 1 to 100', (value) => typeof value === 'number' && value >= 1 && value <= 100)
  readonly factor: unknown;

  @ExpectDurationMs({ min: 0 })
  readonly maxDelayMs: unknown;

  @ExpectFraction()
  readonly jitter: unknown;

  @Expect('a function (error) => boolean', (value) => typeof value === 'function')
  readonly retryOn: unknown;
}

/** @internal */
export class DeadLetterRules implements RulesFor<DeadLetterOptions> {
  @IsDefined({ message: legalSubjectExpected })
  @Expect(legalSubjectExpected, (value) => subjectProblem(value) === undefined)
  readonly subject: unknown;
}

/** @internal */
export class SubscriptionRules implements RulesFor<StanSubscriptionOptions> {
  @Expect('a name, not empty, or false', (value) => value === false || isName(value))
  readonly queueGroup: unknown;

  @Expect('a name, not empty, or false', (value) => value === false || isName(value))
  readonly durableName: unknown;

  @Expect(startAtExpected, isStartAt)
  readonly startAt: unknown;

  @ExpectOneOf(ackModes)
  readonly ackMode: unknown;

  @ExpectWholeSecondsMs()
  readonly ackWaitMs: unknown;

  @ExpectWholeNumber({ min: 1 })
  readonly maxInFlight: unknown;

  @ExpectWholeNumber({ min: 1 })
  readonly concurrency: unknown;

  @Expect('an object or false', (value) => value === false || isObject(value))
  readonly retry: unknown;

  @Expect(`a whole number from 1 to ${String(maxInt32)}, or false`, isCountOrFalse)
  readonly maxDeliveries: unknown;

  @Expect('an object such as { subject: "orders:dead" }, or false', (value) => value === false || isObject(value))
  readonly deadLetter: unknown;

  @ExpectOneOf(undecodablePolicies)
  readonly onUndecodable: unknown;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isCountOrFalse(value: unknown): boolean {
  return value === false || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxInt32);
}
