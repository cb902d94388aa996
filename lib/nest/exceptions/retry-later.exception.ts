import { RpcException } from '@nestjs/microservices';

import { hasBrand, setBrand } from '../../core/errors/brand.js';

/**
 * Thrown by a handler: the event cannot be handled yet, e.g. since it came before one it builds on. It is not acked and
 * not tried before the delay is over, even where the server delivers it sooner.
 * @publicApi
 */
export class RetryLaterException extends RpcException {
  static {
    setBrand(this, 'RetryLaterException');
  }

  /**
   * @param delayMs - earliest next try, in milliseconds from now; at least 0. Within ack wait it is tried again in this
   * process, beyond it with the first redelivery after the delay. Another process that gets the redelivery does not know
   * of it.
   * @param reason - shown in logs and events
   */
  constructor(
    readonly delayMs: number,
    reason = `try again in ${String(delayMs)} ms`,
  ) {
    super(reason);
    this.name = new.target.name;
    if (!Number.isFinite(delayMs) || delayMs < 0) {
      throw new RangeError(`RetryLaterException: delayMs must be a number from 0 on, got ${String(delayMs)}`);
    }
  }
}

/** Of any copy of this package. @internal */
export function isRetryLater(error: unknown): error is RetryLaterException {
  return hasBrand(error, 'RetryLaterException');
}
