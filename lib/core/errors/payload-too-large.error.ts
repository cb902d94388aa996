import { StanError } from './stan.error.js';

/**
 * An event is larger than the server takes. Nothing was sent.
 * @publicApi
 */
export class PayloadTooLargeError extends StanError {
  readonly code = 'STAN_PAYLOAD_TOO_LARGE';

  constructor(
    readonly subject: string,
    readonly sizeBytes: number,
    readonly limitBytes: number,
    options?: ErrorOptions,
  ) {
    super(
      `the event for "${subject}" has ${String(sizeBytes)} bytes, the server takes ${String(limitBytes)}; ` +
        `send a reference to the data, or raise the server's max_payload`,
      options,
    );
  }
}
