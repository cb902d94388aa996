import { thrownText } from './describe-value.js';
import { StanError } from './stan.error.js';

/**
 * The bytes of an event are not what the deserializer reads. The reason is the `cause`.
 * @publicApi
 */
export class UndecodablePayloadError extends StanError {
  readonly code = 'STAN_UNDECODABLE_PAYLOAD';

  constructor(
    readonly subject: string,
    readonly sequence: number,
    options?: ErrorOptions,
  ) {
    super(
      `event ${String(sequence)} of "${subject}" cannot be decoded${reasonOf(options)}; ` +
        `it never reached the handler: see the option onUndecodable, or plug in the deserializer of its publisher`,
      options,
    );
  }
}

function reasonOf(options: ErrorOptions | undefined): string {
  return options?.cause === undefined ? '' : ` (${thrownText(options.cause)})`;
}
