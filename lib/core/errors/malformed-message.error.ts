import { StanError } from './stan.error.js';

/**
 * What came for a subscription is no STAN message, so there is no event in it. A STAN server never sends such; something
 * else publishes on the subscription's inbox, or changes bytes on the way.
 * @publicApi
 */
export class MalformedMessageError extends StanError {
  readonly code = 'STAN_MALFORMED_MESSAGE';

  constructor(
    readonly subject: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `received bytes that are not a STAN message for the subscription to "${subject}": ${reason}; ` +
        `they were dropped: check what else publishes on this NATS server, and any proxy in between`,
      options,
    );
  }
}
