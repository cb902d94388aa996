import { redactServerUrl } from './describe-value.js';
import { StanError } from './stan.error.js';

/**
 * What else is known about a failed request; `status` is the HTTP status where there was an answer.
 * @publicApi
 */
export interface MonitoringErrorDetails extends ErrorOptions {
  readonly status?: number | undefined;
}

/**
 * A monitoring endpoint of the server did not answer as it should.
 * @publicApi
 */
export class MonitoringError extends StanError {
  readonly code = 'STAN_MONITORING_FAILED';
  override readonly retryable = true;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;

  /** The endpoint that was asked, without credentials. */
  readonly url: string;

  constructor(
    url: string,
    readonly reason: string,
    options: MonitoringErrorDetails = {},
  ) {
    const { status, ...errorOptions } = options;
    const shown = redactServerUrl(url);
    super(
      `${shown} did not answer as the monitoring endpoint does: ${reason}; check the server's -m port`,
      errorOptions,
    );
    this.url = shown;
    this.status = status;
  }
}
