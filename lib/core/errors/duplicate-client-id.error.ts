import { StanError } from './stan.error.js';

/**
 * The server still holds a session with this client id and its client answers. Retryable, since a dead one is let go.
 * @publicApi
 */
export class DuplicateClientIdError extends StanError {
  readonly code = 'STAN_DUPLICATE_CLIENT_ID';
  override readonly retryable = true;

  constructor(
    readonly clientId: string,
    options?: ErrorOptions,
  ) {
    super(
      `client id "${clientId}" is already registered at the server; give every process a clientId of its own, or stop the other one`,
      options,
    );
  }
}
