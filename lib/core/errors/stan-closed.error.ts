import type { PublishFailureDetails } from './publish-failure-details.js';
import { StanError } from './stan.error.js';

/**
 * The client or server was closed by this process, so nothing more is sent or received.
 * @publicApi
 */
export class StanClosedError extends StanError {
  readonly code = 'STAN_CLOSED';

  /** True where the event of a publish that failed with this may be stored nevertheless; else false. */
  readonly mayBeStored: boolean;

  constructor(
    readonly action: string,
    options: PublishFailureDetails = {},
  ) {
    const { mayBeStored = false, ...errorOptions } = options;
    super(`cannot ${action}: closed by this process; do it before close(), or make a new client`, errorOptions);
    this.mayBeStored = mayBeStored;
  }
}
