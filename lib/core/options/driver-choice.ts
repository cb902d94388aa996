/**
 * Where a choice keeps what it chooses. Registered, so that the entry points of the package agree on it in each of the
 * forms in which it is published.
 * @internal
 */
export const driverMakerKey = Symbol.for('nestjs-stan.driver');

/**
 * Another broker than NATS Streaming, as `jetstream()` of `nestjs-stan/jetstream` makes it. Opaque.
 * @publicApi
 */
export interface StanDriverChoice {
  /** What the broker is called. */
  readonly broker: string;
  /** What OpenTelemetry's `messaging.system` is for it. */
  readonly messagingSystem: string;
}

/** @internal */
export function isDriverChoice(value: unknown): value is StanDriverChoice {
  return typeof value === 'object' && value !== null && driverMakerKey in value;
}
