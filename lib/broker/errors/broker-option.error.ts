import { StanError } from '../../core/errors/stan.error.js';

/**
 * An option of the broker has a value that it cannot work with.
 * @publicApi
 */
export class BrokerOptionError extends StanError {
  readonly code = 'STAN_INVALID_OPTION';

  constructor(
    readonly option: string,
    readonly received: unknown,
    readonly expected: string,
  ) {
    super(`option ${option}: expected ${expected}, got ${describe(received)}`);
  }
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
