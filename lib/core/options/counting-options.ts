import { Expect, ExpectDurationMs, ExpectGiven, ExpectOneOf } from '../option-rules/expect.decorator.js';
import type { Resolved } from '../option-rules/resolved.js';

/** @publicApi */
export const versionModes = ['every', 'latest'] as const;
/** @publicApi */
export type VersionMode = (typeof versionModes)[number];

/** The longest stream, key or event id that is stored. Unit: characters. */
export const maxKeyLength = 200;

const idExpected = '"header", "delivery" or a function (data) => string';

const streamExpected = `a string of 1 to ${String(maxKeyLength)} characters`;

/**
 * Where in an event its entity and version are, and what order they have to come in.
 * @publicApi
 */
export class VersionOptions {
  /**
   * The kind of entity, the same for all subjects that report on it: `ticket:created` and `ticket:updated` are one stream.
   * Limits: 1 to 200 characters.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectGiven(streamExpected)
  @Expect(streamExpected, isKey)
  declare readonly stream: string;
  /**
   * The entity's id in the event, called with the decoded payload before pipes.
   * Limits: returns 1 to 200 characters; anything else is an UnusableKeyError, which no further try can mend.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectGiven('a function (data) => string')
  @Expect('a function (data) => string', isFunction)
  declare readonly key: (data: never) => string;
  /**
   * The entity's version in the event.
   * Limits: returns a safe integer, not below `first`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectGiven('a function (data) => number')
  @Expect('a function (data) => number', isFunction)
  declare readonly version: (data: never) => number;
  /**
   * The number of the first version of every entity.
   * Unit: count, a safe integer from 0.
   * @defaultValue 0
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a safe integer from 0', (value) => Number.isSafeInteger(value) && (value as number) >= 0)
  readonly first?: number = 0;
  /**
   * `'every'`: a version runs only after the one before it, early ones wait. `'latest'`: a version above the stored one
   * runs, all others are stale, and nothing waits; enough where an event carries the whole state.
   * @defaultValue 'every'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectOneOf(versionModes)
  readonly mode?: VersionMode = 'every';
  /**
   * What an unknown key begins with: `'first'`, the first version; `'any'`, whichever comes first, for a service that starts
   * late on a channel whose beginning is gone. With `'any'` an event that comes after its successor is stale.
   * @defaultValue 'first'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectOneOf(['first', 'any'])
  readonly unknownKey?: 'first' | 'any' = 'first';
  /**
   * How long an early event waits in memory for its predecessor before it is stored and acked.
   * Unit: milliseconds, 0 to 2147483647, less than half of `ackWaitMs`; 0 stores it at once.
   * @defaultValue 150
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 0 })
  readonly waitMs?: number = 150;
  /**
   * Age of a parked event from which on its gap is reported: event `gapOpen`, again at 2, 4, 8 … times the age.
   * Unit: milliseconds, 1 to 2147483647.
   * @defaultValue 60000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1 })
  readonly gapWarnMs?: number = 60_000;
}

/** @internal */
export type ResolvedVersionOptions = Resolved<VersionOptions>;

/**
 * Where an event's id is.
 * @publicApi
 */
export class InboxOptions {
  /**
   * `'header'`: the id that the publisher gave with the option `id`. A function: takes it from the payload. `'delivery'`:
   * subject, sequence and time of storing; recognizes redeliveries alone, not an event that was published twice.
   * Limits: a function returns 1 to 200 characters.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectGiven(idExpected)
  @Expect(idExpected, (value) => value === 'header' || value === 'delivery' || isFunction(value))
  declare readonly id: 'header' | 'delivery' | ((data: never) => string);
  /**
   * In whose name ids are recorded: another consumer counts the same event for itself.
   * Limits: 1 to 200 characters.
   * @defaultValue service and subject, as `orders/payment:created`
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect(streamExpected, isKey)
  readonly consumer?: string;
}

function isKey(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= maxKeyLength;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
