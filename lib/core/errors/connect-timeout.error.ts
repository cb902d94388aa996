import { redactServerUrl } from './describe-value.js';
import { StanError } from './stan.error.js';

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
    options?: ErrorOptions,
  ) {
    const shown = servers.map(redactServerUrl);
    super(
      `no STAN server answered at ${shown.join(', ')} within ${String(timeoutMs)} ms; check that it runs and that clusterId is its own`,
      options,
    );
    this.servers = Object.freeze(shown);
  }
}
