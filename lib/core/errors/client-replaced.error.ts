import { StanError } from './stan.error.js';

/**
 * Another live process has connected with this client id, and the server gave it the session.
 * @publicApi
 */
export class ClientReplacedError extends StanError {
  readonly code = 'STAN_CLIENT_REPLACED';

  constructor(
    readonly clientId: string,
    options?: ErrorOptions,
  ) {
    super(
      `the session of client id "${clientId}" was taken over by another process; give every process a clientId of its own`,
      options,
    );
  }
}
