import { StanError } from './stan.error.js';

/**
 * The headers of an event cannot be sent: an illegal name, a value that is no text, or too many bytes. Nothing was sent.
 * @publicApi
 */
export class InvalidHeadersError extends StanError {
  readonly code = 'STAN_INVALID_HEADERS';

  constructor(
    readonly subject: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the headers of the event for "${subject}" cannot be sent: ${reason}`, options);
  }
}
