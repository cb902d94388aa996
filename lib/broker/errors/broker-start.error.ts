import { StanError } from '../../core/errors/stan.error.js';

/**
 * The broker could not start: a port is taken, TLS material is wrong, or the store belongs to another cluster.
 * @publicApi
 */
export class BrokerStartError extends StanError {
  readonly code = 'STAN_BROKER_START_FAILED';
}
