import { StanError } from './stan.error.js';

/**
 * The data of an event could not be turned into bytes. Nothing was sent.
 * @publicApi
 */
export class SerializationFailedError extends StanError {
  readonly code = 'STAN_SERIALIZATION_FAILED';

  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the data of the event cannot be serialized: ${reason}; emit plain JSON data, or plug in a serializer`,
      options,
    );
  }
}
