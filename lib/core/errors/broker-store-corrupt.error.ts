import { StanError } from './stan.error.js';

/**
 * The embedded broker's store holds what it did not write, so it refuses to serve it.
 * @publicApi
 */
export class BrokerStoreCorruptError extends StanError {
  readonly code = 'STAN_BROKER_STORE_CORRUPT';

  constructor(
    readonly directory: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the store in "${directory}" is damaged: ${reason}; restore it from a copy, or start with an empty folder`,
      options,
    );
  }
}
