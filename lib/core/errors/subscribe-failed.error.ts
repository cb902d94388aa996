import { StanError } from './stan.error.js';

/** @internal */
export interface SubscribeFailedDetails extends ErrorOptions {
  readonly retryable?: boolean;
}

/**
 * The server refused a subscription.
 * @publicApi
 */
export class SubscribeFailedError extends StanError {
  readonly code = 'STAN_SUBSCRIBE_FAILED';
  /** True for a refusal of the moment, as while the server looks for a leader: it is tried again. */
  override readonly retryable: boolean;

  constructor(
    readonly subject: string,
    readonly reason: string,
    { retryable = false, ...options }: SubscribeFailedDetails = {},
  ) {
    super(
      `the server refused the subscription to "${subject}": ${reason}; check the handler's options and the server's limits`,
      options,
    );
    this.retryable = retryable;
  }
}
