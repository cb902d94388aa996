import { StanError } from './stan.error.js';

/**
 * An event has a newer version than this process knows: a deploy is in progress. It is left for another member of the
 * queue group, or for this service's next release.
 * @publicApi
 */
export class NewerEventVersionError extends StanError {
  readonly code = 'STAN_NEWER_EVENT_VERSION';
  override readonly retryable = true;

  constructor(
    readonly subject: string,
    readonly sequence: number | undefined,
    /** Version of the event. */
    readonly received: number,
    /** The newest version that this process knows. */
    readonly newest: number,
    options?: ErrorOptions,
  ) {
    const event = sequence === undefined ? 'an event' : `event ${String(sequence)}`;
    super(
      `${event} of "${subject}" has version ${String(received)}, the newest known here is ${String(newest)}; ` +
        `it is left for a process that knows it: deploy listeners before publishers`,
      options,
    );
  }
}
