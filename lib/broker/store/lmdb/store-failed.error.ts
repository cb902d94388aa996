import { StanError } from '../../../core/errors/stan.error.js';

/**
 * The file store could not write, or was used while it was not open. What was written since its last successful flush may be lost.
 * @publicApi
 */
export class StoreFailedError extends StanError {
  readonly code = 'STAN_BROKER_STORE_CORRUPT';

  constructor(
    readonly directory: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the store in "${directory}" cannot be written: ${reason}; free the disk and start the broker again`,
      options,
    );
  }
}
