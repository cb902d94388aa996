import type { PublishFailureDetails } from './publish-failure-details.js';
import { StanError } from './stan.error.js';

/**
 * The server answered that it did not store the event.
 * @publicApi
 */
export class PublishRefusedError extends StanError {
  readonly code = 'STAN_PUBLISH_REFUSED';

  /** True where the event of a publish that failed with this may be stored nevertheless; else false. */
  readonly mayBeStored: boolean;

  constructor(
    readonly subject: string,
    readonly reason: string,
    options: PublishFailureDetails = {},
  ) {
    const { mayBeStored = false, ...errorOptions } = options;
    super(
      `the server refused to store the event for "${subject}": ${reason}; check the server's limits and its log`,
      errorOptions,
    );
    this.mayBeStored = mayBeStored;
  }
}
