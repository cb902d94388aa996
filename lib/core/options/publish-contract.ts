/**
 * What a client needs of a contract, made by `defineEvents`: `StanClientOptions.contract`.
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a contract of any events
export interface StanPublishContract<TEvents extends Record<string, any> = any> {
  /** For the compiler alone: a client knows its events by its contract. */
  readonly emitted?: TEvents;
  readonly subjects: readonly (keyof TEvents & string)[];
  /**
   * What goes to the serializer for this payload.
   * @internal
   */
  toWire(subject: string, data: unknown): unknown;
}
