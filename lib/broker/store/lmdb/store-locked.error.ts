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
    /** Process id of the broker that has it, as its own system counts; 0 where it did not answer. */
    readonly holderPid: number,
    /** Host name of the broker that has it, in a container the container's; empty where it did not answer. */
    readonly holderHost: string,
    options?: ErrorOptions,
  ) {
    super(
      `the store in "${directory}" is in use by ${describe(holderPid, holderHost)}; stop that broker or give this one a directory of its own`,
      options,
    );
  }
}

function describe(pid: number, host: string): string {
  return pid === 0 ? 'another broker' : `process ${String(pid)} on host ${host}`;
}
