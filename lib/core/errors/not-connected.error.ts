import type { PublishFailureDetails } from './publish-failure-details.js';
import { StanError } from './stan.error.js';

/**
 * Something was asked that needs a session while there is none.
 * @publicApi
 */
export class NotConnectedError extends StanError {
  readonly code = 'STAN_NOT_CONNECTED';
  override readonly retryable = true;

  /** True where the event of a publish that failed with this may be stored nevertheless; else false. */
  readonly mayBeStored: boolean;

  constructor(
    readonly action: string,
    options: PublishFailureDetails = {},
  ) {
    const { mayBeStored = false, ...errorOptions } = options;
    const { cause } = errorOptions;
    const reason = cause instanceof Error ? `: ${cause.message}` : '';
    super(`cannot ${action}: not connected${reason}; await connect() or wait for the status "connected"`, errorOptions);
    this.mayBeStored = mayBeStored;
  }
}
