import { StanError } from './stan.error.js';

/**
 * The embedded broker could not start. Nothing of it stays open.
 * @publicApi
 */
export class BrokerStartFailedError extends StanError {
  readonly code = 'STAN_BROKER_START_FAILED';

  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the embedded broker could not start: ${reason}; check its ports, address and store folder`, options);
  }
}
