import { StanError } from './stan.error.js';

/**
 * The server answered that it did not store the event.
 * @publicApi
 */
export class PublishRefusedError extends StanError {
  readonly code = 'STAN_PUBLISH_REFUSED';

  constructor(
    readonly subject: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the server refused to store the event for "${subject}": ${reason}; check the server's limits and its log`,
      options,
    );
  }
}
