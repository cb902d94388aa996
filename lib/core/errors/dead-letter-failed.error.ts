import { StanError } from './stan.error.js';

/**
 * An event could not be moved to the dead-letter subject. It is unacked and will be delivered again.
 * @publicApi
 */
export class DeadLetterFailedError extends StanError {
  readonly code = 'STAN_DEAD_LETTER_FAILED';
  override readonly retryable = true;

  constructor(
    readonly subject: string,
    readonly sequence: number,
    readonly deadLetterSubject: string,
    options?: ErrorOptions,
  ) {
    super(
      `event ${String(sequence)} of "${subject}" could not be stored on dead-letter subject "${deadLetterSubject}"; ` +
        `it stays unacked and is delivered again: check the cause and the server's limits`,
      options,
    );
  }
}
