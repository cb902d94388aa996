import { StanError } from './stan.error.js';

/**
 * A handler with `inbox: { id: 'header' }` got an event without an id in its headers. No further try can succeed.
 * @publicApi
 */
export class MissingEventIdError extends StanError {
  readonly code = 'STAN_MISSING_EVENT_ID';

  constructor(
    readonly subject: string,
    readonly sequence: number,
    options?: ErrorOptions,
  ) {
    super(
      `event ${String(sequence)} of "${subject}" has no id in its headers; publish it with the option id, ` +
        'or take the id from the payload: inbox: { id: (data) => … }',
      options,
    );
  }
}
