import type { PublishFailureDetails } from './publish-failure-details.js';
import { StanError } from './stan.error.js';

/** @internal */
export interface PublishRefusedDetails extends PublishFailureDetails {
  readonly retryable?: boolean;
}

/**
 * The server answered that it did not store the event.
 * @publicApi
 */
export class PublishRefusedError extends StanError {
  readonly code = 'STAN_PUBLISH_REFUSED';
  /** True for the refusals of a server that is losing or has lost its leadership: the next leader may store it. */
  override readonly retryable: boolean;

  /** True where the event of a publish that failed with this may be stored nevertheless; else false. */
  readonly mayBeStored: boolean;

  constructor(
    readonly subject: string,
    readonly reason: string,
    options: PublishRefusedDetails = {},
  ) {
    const { mayBeStored = false, retryable = false, ...errorOptions } = options;
    super(`the server refused to store the event for "${subject}": ${reason}; ${adviceFor(retryable)}`, errorOptions);
    this.mayBeStored = mayBeStored;
    this.retryable = retryable;
  }
}

function adviceFor(retryable: boolean): string {
  return retryable ? 'it belongs to a fail-over, and is tried again' : "check the server's limits and its log";
}
