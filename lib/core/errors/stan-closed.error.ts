import { StanError } from './stan.error.js';

/**
 * The client or server was closed by this process, so nothing more is sent or received.
 * @publicApi
 */
export class StanClosedError extends StanError {
  readonly code = 'STAN_CLOSED';

  constructor(
    readonly action: string,
    options?: ErrorOptions,
  ) {
    super(`cannot ${action}: closed by this process; do it before close(), or make a new client`, options);
  }
}
