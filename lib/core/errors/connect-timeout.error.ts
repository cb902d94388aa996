import { redactServerUrl } from './describe-value.js';
import { StanError } from './stan.error.js';

/**
 * What else is known about a connection that got no answer.
 * @publicApi
 */
export interface ConnectTimeoutDetails extends ErrorOptions {
  /** What did not answer, where it is no STAN server. */
  readonly broker?: string;
  /** The cluster id that was asked for. */
  readonly clusterId?: string;
  /** What to do, where it is not what a STAN server needs. */
  readonly advice?: string;
}

/**
 * No STAN server answered in time. A wrong cluster id looks just like this: nobody listens under it.
 * @publicApi
 */
export class ConnectTimeoutError extends StanError {
  readonly code = 'STAN_CONNECT_TIMEOUT';
  override readonly retryable = true;

  /** The servers that were tried, without credentials. */
  readonly servers: readonly string[];

  constructor(
    servers: readonly string[],
    readonly timeoutMs: number,
    options: ConnectTimeoutDetails = {},
  ) {
    const shown = servers.map(redactServerUrl);
    const { broker = 'STAN server', clusterId, advice = stanAdvice(clusterId), ...errorOptions } = options;
    super(`no ${broker} answered at ${shown.join(', ')} within ${String(timeoutMs)} ms; ${advice}`, errorOptions);
    this.servers = Object.freeze(shown);
  }
}

function stanAdvice(clusterId: string | undefined): string {
  return `check that it runs and that clusterId${clusterId === undefined ? '' : ` "${clusterId}"`} is its own`;
}
