import { StanError } from './stan.error.js';

/**
 * The server did not confirm a close in time. The connection was cut; the server notices by its heartbeats.
 * @publicApi
 */
export class CloseTimeoutError extends StanError {
  readonly code = 'STAN_CLOSE_TIMEOUT';

  constructor(
    readonly what: string,
    readonly timeoutMs: number,
    options?: ErrorOptions,
  ) {
    super(
      `the server did not confirm the close of ${what} within ${String(timeoutMs)} ms; the connection was dropped, and the server releases it once heartbeats fail`,
      options,
    );
  }
}
