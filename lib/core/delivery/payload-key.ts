import type { DriverMessage } from '../driver/driver.js';
import { describeValue, thrownText } from '../errors/describe-value.js';
import { UnusableKeyError } from '../errors/unusable-key.error.js';
import { maxKeyLength } from '../options/counting-options.js';

/** The message that a key is taken from, as far as an error names it. */
export type KeyedMessage = Pick<DriverMessage, 'subject' | 'sequence'>;

/** The option that a value comes from, and what it has to be. */
export interface KeyRule {
  readonly option: string;
  readonly expected: string;
}

/** What a key has to be, in words. */
export const keyExpected = `a string of 1 to ${String(maxKeyLength)} characters, in well-formed Unicode and without NUL`;

const loneSurrogate = /\p{Surrogate}/u;

/**
 * Whether a value can name an entity. A NUL character cannot be stored in Postgres, and half of a surrogate pair would be
 * stored as the same replacement character as any other.
 * @internal
 */
export function isKey(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > maxKeyLength) return false;
  return !value.includes('\0') && !loneSurrogate.test(value);
}

/**
 * Calls a function of the options with a payload.
 * @throws UnusableKeyError (STAN_UNUSABLE_KEY) for whatever it throws
 * @internal
 */
export function callWithPayload(
  from: (data: never) => unknown,
  data: unknown,
  message: KeyedMessage,
  rule: KeyRule,
): unknown {
  try {
    return from(data as never);
  } catch (cause) {
    const received = `a throw of ${thrownText(cause)}`;
    throw new UnusableKeyError(message.subject, message.sequence, rule.option, rule.expected, received, { cause });
  }
}

/** @internal */
export function unusableKey(
  { subject, sequence }: KeyedMessage,
  { option, expected }: KeyRule,
  value: unknown,
): UnusableKeyError {
  return new UnusableKeyError(subject, sequence, option, expected, describeValue(value));
}
