import { StanError } from '../../../core/errors/stan.error.js';

/**
 * Another broker that is alive has this store open: a store serves one broker at a time.
 * @publicApi
 */
export class StoreLockedError extends StanError {
  readonly code = 'STAN_BROKER_START_FAILED';
  /** The other broker may end. */
  override readonly retryable = true;

  constructor(
    readonly directory: string,
    /** Process id of the broker that has it. */
    readonly holderPid: number,
    options?: ErrorOptions,
  ) {
    super(
      `the store in "${directory}" is in use by process ${String(holderPid)}; stop that broker or give this one a directory of its own`,
      options,
    );
  }
}
