import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';

/** An ack that has not come after this time in the same session never will; the publish ledger's own deadline is earlier. */
const forgottenAckMs = 120_000;

/** What the vendor's client is made with. */
export interface VendorOptions {
  readonly url?: string | undefined;
  readonly servers?: string[];
  readonly [name: string]: unknown;
}

/** Options for the vendor's client: the user's `connection` as it is, with what the driver itself decides on top. */
export function toClientOptions(options: ResolvedConnectionOptions, attempt: number): VendorOptions {
  return {
    maxReconnectAttempts: -1,
    reconnectTimeWait: options.reconnect.initialDelayMs,
    ...options.connection,
    ...serverList(options.servers, attempt),
    encoding: 'binary',
    connectTimeout: options.connectTimeoutMs,
    stanPingInterval: options.pingIntervalMs,
    stanMaxPingOut: options.maxPingsOut,
    ackTimeout: forgottenAckMs,
    // Past its own limit the client reports an error and sends all the same; the ledger's window is the limit.
    maxPubAcksInflight: Number.MAX_SAFE_INTEGER,
  };
}

/**
 * `servers` alone makes the client try its default URL, localhost:4222, first; so the first server goes in as `url`.
 * Each attempt begins with another server.
 */
function serverList(servers: readonly string[], attempt: number): VendorOptions {
  const shift = attempt % servers.length;
  const [url, ...rest] = [...servers.slice(shift), ...servers.slice(0, shift)];
  return rest.length > 0 ? { url, servers: rest } : { url };
}
