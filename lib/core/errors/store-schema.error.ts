import { StanError } from './stan.error.js';

/**
 * The tables of the event store are not as this version needs them. Thrown at start, before anything is subscribed.
 * @publicApi
 */
export class StoreSchemaError extends StanError {
  readonly code = 'STAN_STORE_SCHEMA';

  constructor(
    readonly schema: string,
    /** The migration that is missing. */
    readonly missing: number,
    /** The newest migration that the database has; 0 for none. */
    readonly found: number,
    options?: ErrorOptions,
  ) {
    super(
      `schema "${schema}" lacks migration ${String(missing)} of the event store (it has ${String(found)}); ` +
        "run PostgresEventStore.migrationSql() or set migrate: 'auto'",
      options,
    );
  }
}
