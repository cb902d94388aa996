import { StanError } from './stan.error.js';

interface SessionLostOptions extends ErrorOptions {
  /** A broker without sessions: its connection was lost for good. */
  readonly isConnection?: boolean;
}

/**
 * The session with the server is dead; with a broker that has none, the connection for good. What was published and not
 * acknowledged in it may or may not be stored.
 * @publicApi
 */
export class SessionLostError extends StanError {
  readonly code = 'STAN_SESSION_LOST';
  override readonly retryable = true;

  constructor(
    readonly clientId: string,
    readonly reason: string,
    { isConnection = false, ...options }: SessionLostOptions = {},
  ) {
    const what = isConnection ? 'connection' : 'session';
    const next = isConnection ? 'it is not opened again by itself' : 'a new one is opened unless the client is closed';
    super(`the ${what} of client id "${clientId}" was lost: ${reason}; ${next}`, options);
  }
}
