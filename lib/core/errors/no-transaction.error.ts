import { StanError } from './stan.error.js';

/**
 * A handler asked for its transaction and has none, since it has neither the option `version` nor `inbox`.
 * @publicApi
 */
export class NoTransactionError extends StanError {
  readonly code = 'STAN_NO_TRANSACTION';

  constructor(
    readonly subject: string,
    options?: ErrorOptions,
  ) {
    super(`the handler of "${subject}" runs in no transaction; give it the option version or inbox`, options);
  }
}
