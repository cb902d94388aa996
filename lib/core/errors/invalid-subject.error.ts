import { describeValue } from './describe-value.js';
import { StanError } from './stan.error.js';

/**
 * A subject that the server does not take as a channel name.
 * @publicApi
 */
export class InvalidSubjectError extends StanError {
  readonly code = 'STAN_INVALID_SUBJECT';

  constructor(
    readonly subject: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `${describeValue(subject)} is not a legal subject: ${reason}; use tokens joined by single dots, such as "ticket:created" or "ticket.created"`,
      options,
    );
  }
}
