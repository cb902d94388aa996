/**
 * Every code a {@link StanError} can carry. Codes are part of the public API: never renamed, never reused.
 * @publicApi
 */
export type StanErrorCode =
  | 'STAN_INVALID_OPTION'
  | 'STAN_HANDLER_CONFLICT'
  | 'STAN_MESSAGE_PATTERN_UNSUPPORTED'
  | 'STAN_INCOMPATIBLE_DEPENDENCY'
  | 'STAN_CONNECT_FAILED'
  | 'STAN_CONNECT_TIMEOUT'
  | 'STAN_DUPLICATE_CLIENT_ID'
  | 'STAN_CLIENT_REPLACED'
  | 'STAN_SESSION_LOST'
  | 'STAN_NOT_CONNECTED'
  | 'STAN_CLOSED'
  | 'STAN_SUBSCRIBE_FAILED'
  | 'STAN_SUBSCRIBE_TIMEOUT'
  | 'STAN_CLOSE_TIMEOUT'
  | 'STAN_DRAIN_TIMEOUT'
  | 'STAN_PUBLISH_REFUSED'
  | 'STAN_PUBLISH_TIMEOUT'
  | 'STAN_PUBLISH_BUFFER_FULL'
  | 'STAN_INVALID_SUBJECT'
  | 'STAN_PAYLOAD_TOO_LARGE'
  | 'STAN_INVALID_HEADERS'
  | 'STAN_SERIALIZATION_FAILED'
  | 'STAN_UNDECODABLE_PAYLOAD'
  | 'STAN_INVALID_PAYLOAD'
  | 'STAN_SUBJECT_NOT_IN_CONTRACT'
  | 'STAN_NEWER_EVENT_VERSION'
  | 'STAN_ASYNCAPI_FAILED'
  | 'STAN_MALFORMED_MESSAGE'
  | 'STAN_DEAD_LETTER_FAILED'
  | 'STAN_UNUSABLE_KEY'
  | 'STAN_MISSING_EVENT_ID'
  | 'STAN_EVENT_STORE_FAILED'
  | 'STAN_STORE_SCHEMA'
  | 'STAN_NO_TRANSACTION'
  | 'STAN_MONITORING_FAILED'
  | 'STAN_BROKER_START_FAILED'
  | 'STAN_BROKER_STORE_CORRUPT';

/**
 * The base of every error this package throws or rejects with. Branch on `code`, never on the message.
 * @publicApi
 */
export abstract class StanError extends Error {
  /** What went wrong, as a stable code. */
  abstract readonly code: StanErrorCode;
  /** True where the same call may succeed later without a change by the caller. */
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
