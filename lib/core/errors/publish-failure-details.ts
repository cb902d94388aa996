/**
 * What a failed publish says about its event besides the cause.
 * @publicApi
 */
export interface PublishFailureDetails extends ErrorOptions {
  /** True where the event was sent and no answer told that it is not stored. */
  readonly mayBeStored?: boolean;
}
