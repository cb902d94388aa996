import { StanError } from './stan.error.js';

/**
 * The drain ran out of time. Events of handlers that still ran are delivered again; publishes still pending were rejected.
 * @publicApi
 */
export class DrainTimeoutError extends StanError {
  readonly code = 'STAN_DRAIN_TIMEOUT';

  constructor(
    readonly timeoutMs: number,
    readonly runningHandlerCount: number,
    readonly pendingPublishCount: number,
    options?: ErrorOptions,
  ) {
    super(
      `not drained within ${String(timeoutMs)} ms: ${String(runningHandlerCount)} handlers still running, ` +
        `${String(pendingPublishCount)} publishes pending; raise drainTimeoutMs above the slowest handler`,
      options,
    );
  }
}
