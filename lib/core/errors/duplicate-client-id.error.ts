import { StanError } from './stan.error.js';

/** @internal */
interface DuplicateClientIdDetails extends ErrorOptions {
  /** True where the other one is known to be in this process. */
  readonly isInThisProcess?: boolean;
}

/**
 * The server still holds a session with this client id and its client answers. Retryable, since a dead one is let go.
 * @publicApi
 */
export class DuplicateClientIdError extends StanError {
  readonly code = 'STAN_DUPLICATE_CLIENT_ID';
  override readonly retryable = true;

  constructor(
    readonly clientId: string,
    options: DuplicateClientIdDetails = {},
  ) {
    const { isInThisProcess = false, ...errorOptions } = options;
    super(
      `client id "${clientId}" is already registered with the server${isInThisProcess ? inThisProcess : elsewhere}`,
      errorOptions,
    );
  }
}

const inThisProcess =
  ' by another ServerStan or ClientStan of this process, or by the same module imported twice; each of them is a client of ' +
  'its own: give it a clientId of its own';
const elsewhere = '; give every process a clientId of its own, or stop the other one';
