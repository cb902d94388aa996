import { StanError } from './stan.error.js';

/**
 * The event store failed, not the handler: no connection, a lost commit, too many conflicts. Nothing was stored, or it is
 * not known; the event is delivered again, and is stale then if it was.
 * @publicApi
 */
export class EventStoreError extends StanError {
  readonly code = 'STAN_EVENT_STORE_FAILED';
  override readonly retryable = true;

  constructor(
    /** What was tried. */
    readonly action: string,
    options?: ErrorOptions,
  ) {
    const { cause } = options ?? {};
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    super(`the event store failed to ${action}${why}; check the database`, options);
  }
}
