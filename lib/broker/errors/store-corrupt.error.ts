import { StanError } from '../../core/errors/stan.error.js';

/**
 * A store found state that it cannot trust and refuses to serve it.
 * @publicApi
 */
export class StoreCorruptError extends StanError {
  readonly code = 'STAN_BROKER_STORE_CORRUPT';

  constructor(
    /** Where the state is kept: a directory or a file. */
    readonly location: string,
    /** What was found wrong. */
    readonly finding: string,
    options?: ErrorOptions,
  ) {
    super(`the store at ${location} cannot be trusted: ${finding}; move it away or restore a copy`, options);
  }
}
