import { Expect, ExpectDurationMs, ExpectOneOf } from '../../core/option-rules/expect.decorator.js';

/** @publicApi */
export const migrateModes = ['auto', 'check', 'off'] as const;
/** @publicApi */
export type MigrateMode = (typeof migrateModes)[number];

/**
 * The options of `PostgresEventStore`.
 * @publicApi
 */
export class PostgresEventStoreOptions {
  /**
   * The schema of its tables.
   * Limits: lower case letters, digits and `_`, at most 63, the first no digit.
   * @defaultValue 'nestjs_stan'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a name of lower case letters, digits and "_", at most 63, the first no digit', isSchemaName)
  readonly schema?: string = 'nestjs_stan';
  /**
   * What happens to the tables at start: `'auto'` makes what is missing, `'check'` refuses to start where something is,
   * `'off'` does not look.
   * @defaultValue 'auto'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectOneOf(migrateModes)
  readonly migrate?: MigrateMode = 'auto';
  /**
   * How long ids of handled events are kept; an event that comes again later counts again.
   * Unit: milliseconds, 1 to 9007199254740991. Keep it above the longest time an event can stay in its channel.
   * @defaultValue 2592000000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1, max: Number.MAX_SAFE_INTEGER })
  readonly retentionMs?: number = 2_592_000_000;
  /**
   * How often each process looks for parked events that wait for a retry, or for a process that died.
   * Unit: milliseconds, 10 to 2147483647.
   * @defaultValue 1000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 10 })
  readonly sweepMs?: number = 1_000;
}

/** Goes into statements as it is, so it must be a plain name. */
export function isSchemaName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z_][a-z0-9_]{0,62}$/.test(value);
}
