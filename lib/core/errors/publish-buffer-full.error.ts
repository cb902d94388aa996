import { StanError } from './stan.error.js';

/**
 * More is waiting to be published than the buffer takes. The event was not sent.
 * @publicApi
 */
export class PublishBufferFullError extends StanError {
  readonly code = 'STAN_PUBLISH_BUFFER_FULL';
  override readonly retryable = true;

  constructor(
    readonly pendingBytes: number,
    readonly limitBytes: number,
    options?: ErrorOptions,
  ) {
    super(
      `${String(pendingBytes)} bytes wait to be published, the limit is ${String(limitBytes)}; await emitAsync(), or raise maxPendingPublishBytes`,
      options,
    );
  }
}
