import { StanError } from './stan.error.js';

/**
 * The session with the server is dead. What was published and not acknowledged in it may or may not be stored.
 * @publicApi
 */
export class SessionLostError extends StanError {
  readonly code = 'STAN_SESSION_LOST';
  override readonly retryable = true;

  constructor(
    readonly clientId: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the session of client id "${clientId}" was lost: ${reason}; a new one is opened unless the client is closed`,
      options,
    );
  }
}
