import type { TlsOptions } from 'node:tls';

import type { Store } from '../store/store.js';
import type { BrokerLimits } from './broker-limits.js';

/**
 * Where the broker tells what it does. Every method may be called at any time and must not throw.
 * @publicApi
 */
export interface BrokerLogger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/**
 * Who may connect: one user, one token, or everybody.
 * @publicApi
 */
export type BrokerAuth = { readonly user: string; readonly pass: string } | { readonly token: string };

/**
 * Options of {@link StanBroker.start}. The defaults are those of nats-streaming-server 0.25.6.
 * @publicApi
 */
export interface StanBrokerOptions {
  /**
   * Cluster id that clients must name.
   * @defaultValue 'test-cluster'
   */
  readonly clusterId?: string;
  /**
   * Address to listen on. `0.0.0.0` opens the broker to the network.
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string;
  /**
   * TCP port; 0 takes a free one, see `broker.port`. `false` opens none: connections come through `broker.handle()` only.
   * @defaultValue 4222
   */
  readonly port?: number | false;
  /**
   * Port of the monitoring endpoints; 0 takes a free one, see `broker.monitoringUrl`. `false` opens none.
   * @defaultValue false
   */
  readonly monitoringPort?: number | false;
  /**
   * How often the server sends a heartbeat to each client. Unit: milliseconds.
   * @defaultValue 30000
   */
  readonly heartbeatIntervalMs?: number;
  /**
   * How long the server waits for the answer to a heartbeat. Unit: milliseconds.
   * @defaultValue 10000
   */
  readonly heartbeatTimeoutMs?: number;
  /**
   * Heartbeats that may fail in a row; with one more the client is closed.
   * @defaultValue 10
   */
  readonly maxFailedHeartbeats?: number;
  /** Limits of channels, messages and subscriptions. */
  readonly limits?: BrokerLimits;
  /** Credentials that a NATS connection must show; without it everybody may connect. */
  readonly auth?: BrokerAuth;
  /** Key and certificate, as `node:tls` takes them: connections are then upgraded to TLS. */
  readonly tls?: TlsOptions;
  /**
   * Where state is kept.
   * @defaultValue 'memory'
   */
  readonly store?: 'memory' | Store | (() => Store);
  /**
   * `virtual`: time stands still until `broker.advance()` moves it; ack waits, heartbeats, ages and pings follow.
   * @defaultValue 'real'
   */
  readonly clock?: 'real' | 'virtual';
  /**
   * Largest payload of one NATS message. Unit: bytes.
   * @defaultValue 1048576
   */
  readonly maxPayloadBytes?: number;
  /**
   * Connections at a time; one more is refused with `maximum connections exceeded`.
   * @defaultValue 65536
   */
  readonly maxConnections?: number;
  /**
   * Bytes that may wait for a slow connection before it is cut. Unit: bytes.
   * @defaultValue 67108864
   */
  readonly maxPendingBytes?: number;
  /**
   * How often the server pings a NATS connection. Unit: milliseconds.
   * @defaultValue 120000
   */
  readonly pingIntervalMs?: number;
  /**
   * Pings that may stay unanswered; with one more the connection is stale.
   * @defaultValue 2
   */
  readonly maxPingsOut?: number;
  /**
   * How long a connection has to authenticate or to finish TLS. Unit: milliseconds.
   * @defaultValue 2000
   */
  readonly authTimeoutMs?: number;
  /** Told what the broker does; nothing is told without it. */
  readonly logger?: BrokerLogger;
}

/** What an option is when it is not given. @publicApi */
export const stanBrokerDefaults = {
  clusterId: 'test-cluster',
  host: '127.0.0.1',
  port: 4222,
  monitoringPort: false,
  heartbeatIntervalMs: 30_000,
  heartbeatTimeoutMs: 10_000,
  maxFailedHeartbeats: 10,
  store: 'memory',
  clock: 'real',
  maxPayloadBytes: 1_048_576,
  maxConnections: 65_536,
  maxPendingBytes: 67_108_864,
  pingIntervalMs: 120_000,
  maxPingsOut: 2,
  authTimeoutMs: 2_000,
} as const satisfies StanBrokerOptions;
