import type { TlsOptions } from 'node:tls';

import { Expect, ExpectAtLeast, ExpectObject, isObject } from '../../core/option-rules/expect.decorator.js';
import { Flag } from '../../core/option-rules/flag.decorator.js';
import { defaultsOf } from '../../core/option-rules/option-group.js';
import type { Store } from '../store/store.js';
import type { BrokerLimits } from './broker-limits.js';

/** @internal */
export const storeExpected = "'memory', a store such as new LmdbStore({ directory }), or a function that makes one";

/**
 * Receives the broker's log lines, in which control characters are shown as their escapes. Every method may be called at any
 * time; what it throws or rejects is ignored.
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
export class StanBrokerOptions {
  /**
   * Cluster id that clients must name.
   * @defaultValue 'test-cluster'
   */
  @Expect('letters, digits, - and _', (value) => typeof value === 'string' && /^[a-zA-Z0-9_-]+$/.test(value))
  @Flag({ kind: 'text', names: ['cid', 'cluster_id'], value: '<id>', help: 'cluster id that clients name' })
  readonly clusterId?: string = 'test-cluster';
  /**
   * Address to listen on. `0.0.0.0` opens the broker to the network.
   * @defaultValue '127.0.0.1'
   */
  @Expect('a host name or an address', (value) => typeof value === 'string')
  @Flag({ kind: 'text', names: ['a', 'addr'], value: '<host>', help: 'address to listen on' })
  readonly host?: string = '127.0.0.1';
  /**
   * TCP port; 0 takes a free one, see `broker.port`. `false` opens none: connections come through `broker.handle()` only.
   * @defaultValue 4222
   */
  @ExpectPort()
  @Flag({ kind: 'number', names: ['p', 'port'], help: 'port for clients; 0 takes a free one' })
  readonly port?: number | false = 4222;
  /**
   * Port of the monitoring endpoints; 0 takes a free one, see `broker.monitoringUrl`. `false` opens none.
   * @defaultValue false
   */
  @ExpectPort()
  @Flag({ kind: 'number', names: ['m', 'http_port'], help: 'port of the monitoring endpoints' })
  readonly monitoringPort?: number | false = false;
  /**
   * How often the server sends a heartbeat to each client. Unit: milliseconds.
   * @defaultValue 30000
   */
  @ExpectAtLeast(1)
  @Flag({ kind: 'duration', names: ['hbi', 'hb_interval'], help: 'interval between two heartbeats to a client' })
  readonly heartbeatIntervalMs?: number = 30_000;
  /**
   * How long the server waits for the answer to a heartbeat. Unit: milliseconds.
   * @defaultValue 10000
   */
  @ExpectAtLeast(1)
  @Flag({ kind: 'duration', names: ['hbt', 'hb_timeout'], help: 'time a client has to answer a heartbeat' })
  readonly heartbeatTimeoutMs?: number = 10_000;
  /**
   * Heartbeats that may fail in a row; with one more the client is closed.
   * @defaultValue 10
   */
  @ExpectAtLeast(0)
  @Flag({ kind: 'number', names: ['hbf', 'hb_fail_count'], help: 'failed heartbeats before a client is closed' })
  readonly maxFailedHeartbeats?: number = 10;
  /** Limits of channels, messages and subscriptions. */
  @ExpectObject()
  readonly limits?: BrokerLimits;
  /** Credentials that a NATS connection must show; without it everybody may connect. */
  @ExpectObject()
  readonly auth?: BrokerAuth;
  /** Key and certificate, as `node:tls` takes them: connections are then upgraded to TLS. */
  @ExpectObject()
  readonly tls?: TlsOptions;
  /**
   * Where state is kept.
   * @defaultValue 'memory'
   */
  @Expect(storeExpected, (value) => value === 'memory' || typeof value === 'function' || isStore(value))
  readonly store?: 'memory' | Store | (() => Store) = 'memory';
  /**
   * `virtual`: time stands still until `broker.advance()` moves it; ack waits, heartbeats, ages and pings follow.
   * @defaultValue 'real'
   */
  @Expect("'real' or 'virtual'", (value) => value === 'real' || value === 'virtual')
  readonly clock?: 'real' | 'virtual' = 'real';
  /**
   * Largest payload of one NATS message. Unit: bytes.
   * @defaultValue 1048576
   */
  @ExpectAtLeast(1)
  readonly maxPayloadBytes?: number = 1_048_576;
  /**
   * Connections at a time; one more is refused with `maximum connections exceeded`.
   * @defaultValue 65536
   */
  @ExpectAtLeast(1)
  readonly maxConnections?: number = 65_536;
  /**
   * Bytes that may wait for a slow connection before it is cut. Unit: bytes.
   * @defaultValue 67108864
   */
  @ExpectAtLeast(1)
  readonly maxPendingBytes?: number = 67_108_864;
  /**
   * How often the server pings a NATS connection. Unit: milliseconds.
   * @defaultValue 120000
   */
  @ExpectAtLeast(1)
  readonly pingIntervalMs?: number = 120_000;
  /**
   * Pings that may stay unanswered; with one more the connection is stale.
   * @defaultValue 2
   */
  @ExpectAtLeast(0)
  readonly maxPingsOut?: number = 2;
  /**
   * How long a connection has to authenticate or to finish TLS. Unit: milliseconds.
   * @defaultValue 2000
   */
  @ExpectAtLeast(1)
  readonly authTimeoutMs?: number = 2_000;
  /** Receives the broker's log lines; without it nothing is logged. */
  @ExpectObject()
  readonly logger?: BrokerLogger;
}

/** Options that have no default: without them the broker does not have what they set. */
type Optional = 'limits' | 'auth' | 'tls' | 'logger';

/** What an option is when it is not given. @publicApi */
export const stanBrokerDefaults: Readonly<Required<Omit<StanBrokerOptions, Optional>>> = Object.freeze(
  defaultsOf<StanBrokerOptions, Optional>(StanBrokerOptions),
);

/** @internal */
export function isStore(value: unknown): value is Store {
  return isObject(value) && typeof (value as Partial<Store>).open === 'function';
}

function ExpectPort(): PropertyDecorator {
  return Expect('a port from 0 to 65535, or false', (value) => value === false || isPort(value));
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}
