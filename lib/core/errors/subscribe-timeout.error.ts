import { StanError } from './stan.error.js';

/**
 * The server did not confirm a subscription in time; it may exist there all the same.
 * @publicApi
 */
export class SubscribeTimeoutError extends StanError {
  readonly code = 'STAN_SUBSCRIBE_TIMEOUT';
  override readonly retryable = true;

  constructor(
    readonly subject: string,
    readonly timeoutMs: number,
    options?: ErrorOptions,
  ) {
    super(
      `the server did not confirm the subscription to "${subject}" within ${String(timeoutMs)} ms; raise connectTimeoutMs if the server is slow`,
      options,
    );
  }
}
