import { redactServerUrl } from './describe-value.js';
import { StanError } from './stan.error.js';

/**
 * What else is known about a refused connection; `retryable` is true unless said otherwise.
 * @publicApi
 */
export interface ConnectFailedDetails extends ErrorOptions {
  readonly retryable?: boolean;
  /** What to do, where it is not what a STAN server needs. */
  readonly advice?: string;
}

/**
 * The server, or the network on the way to it, refused the connection.
 * @publicApi
 */
export class ConnectFailedError extends StanError {
  readonly code = 'STAN_CONNECT_FAILED';

  /** The servers that were tried, without credentials. */
  readonly servers: readonly string[];
  /** False where no later attempt can succeed, e.g. on wrong credentials. */
  override readonly retryable: boolean;

  constructor(
    servers: readonly string[],
    readonly reason: string,
    options: ConnectFailedDetails = {},
  ) {
    const shown = servers.map(redactServerUrl);
    const { retryable = true, advice = adviceFor(retryable), ...errorOptions } = options;
    super(`could not connect to ${shown.join(', ')}: ${reason}; ${advice}`, errorOptions);
    this.servers = Object.freeze(shown);
    this.retryable = retryable;
  }
}

function adviceFor(retryable: boolean): string {
  return retryable ? 'check servers, clusterId and the network' : 'check credentials and clusterId';
}
