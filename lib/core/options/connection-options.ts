/** @publicApi */
export interface ReconnectOptions {
  readonly initialDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly jitter?: number;
  readonly giveUpAfterMs?: number | undefined;
  readonly firstConnectTimeoutMs?: number;
}

/** @internal */
export interface ResolvedReconnectOptions {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly jitter: number;
  readonly giveUpAfterMs: number | undefined;
  readonly firstConnectTimeoutMs: number;
}

/** @publicApi */
export interface StanConnectionOptions {
  readonly clusterId: string;
  readonly clientId: string | (() => string);
  readonly servers?: string | readonly string[];
  readonly connectTimeoutMs?: number;
  readonly pingIntervalMs?: number;
  readonly maxPingsOut?: number;
  readonly reconnect?: ReconnectOptions;
  readonly connection?: object;
}

/** @internal */
export interface ResolvedConnectionOptions {
  readonly clusterId: string;
  /** Already called where the user gave a function. */
  readonly clientId: string;
  /** True where the user gave a function, so the id may differ at the next start. */
  readonly clientIdIsGenerated: boolean;
  readonly servers: readonly string[];
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly maxPingsOut: number;
  readonly reconnect: ResolvedReconnectOptions;
  readonly connection: Readonly<Record<string, unknown>>;
}
