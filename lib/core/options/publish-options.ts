/** @publicApi */
export interface StanPublishOptions {
  readonly maxPublishInFlight?: number;
  readonly maxPendingPublishBytes?: number;
  readonly publishTimeoutMs?: number;
}

/** @internal */
export interface ResolvedPublishOptions {
  readonly maxPublishInFlight: number;
  readonly maxPendingPublishBytes: number;
  readonly publishTimeoutMs: number;
}
