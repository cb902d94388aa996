import { StanError } from './stan.error.js';

/**
 * The server refused a subscription.
 * @publicApi
 */
export class SubscribeFailedError extends StanError {
  readonly code = 'STAN_SUBSCRIBE_FAILED';

  constructor(
    readonly subject: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the server refused the subscription to "${subject}": ${reason}; check the handler's options and the server's limits`,
      options,
    );
  }
}
