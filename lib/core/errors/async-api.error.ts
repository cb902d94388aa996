import { StanError } from './stan.error.js';

/**
 * An AsyncAPI document cannot be made or read.
 * @publicApi
 */
export class AsyncApiError extends StanError {
  readonly code = 'STAN_ASYNCAPI_FAILED';
}
