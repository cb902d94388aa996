import { StanError } from './stan.error.js';

/**
 * A handler's `lane`, `version` or `inbox` option made nothing usable of an event. No further try can succeed, so the event
 * goes where a `NonRetriableException` would send it.
 * @publicApi
 */
export class UnusableKeyError extends StanError {
  readonly code = 'STAN_UNUSABLE_KEY';

  constructor(
    readonly subject: string,
    readonly sequence: number,
    /** The option whose function was called, such as `version.key`. */
    readonly option: string,
    readonly expected: string,
    /** What it returned or threw, in words. */
    readonly received: string,
    options?: ErrorOptions,
  ) {
    super(
      `event ${String(sequence)} of "${subject}": expected ${option} to give ${expected}, got ${received}; ` +
        'check the payload and the option',
      options,
    );
  }
}
