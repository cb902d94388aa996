import { StanError } from './stan.error.js';

/**
 * Something was asked that needs a session while there is none.
 * @publicApi
 */
export class NotConnectedError extends StanError {
  readonly code = 'STAN_NOT_CONNECTED';
  override readonly retryable = true;

  constructor(
    readonly action: string,
    options?: ErrorOptions,
  ) {
    super(`cannot ${action}: not connected; await connect() or wait for the status "connected"`, options);
  }
}
