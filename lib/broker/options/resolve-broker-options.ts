import type { TlsOptions } from 'node:tls';

import { BrokerOptionError } from '../errors/broker-option.error.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Store } from '../store/store.js';
import { LimitTable } from '../streaming/channel-limits.js';
import { refuseUnknownOptions } from './refuse-unknown-options.js';
import {
  stanBrokerDefaults,
  type BrokerAuth,
  type BrokerLogger,
  type StanBrokerOptions,
} from './stan-broker.options.js';

type NumberOption =
  | 'heartbeatIntervalMs'
  | 'heartbeatTimeoutMs'
  | 'maxFailedHeartbeats'
  | 'maxPayloadBytes'
  | 'maxConnections'
  | 'maxPendingBytes'
  | 'pingIntervalMs'
  | 'maxPingsOut'
  | 'authTimeoutMs';

/** Options of a broker, complete and checked. @internal */
export interface ResolvedBrokerOptions extends Readonly<Record<NumberOption, number>> {
  readonly clusterId: string;
  readonly host: string;
  readonly port: number | false;
  readonly monitoringPort: number | false;
  readonly limits: LimitTable;
  readonly auth: BrokerAuth | undefined;
  readonly tls: TlsOptions | undefined;
  readonly store: Store;
  readonly clock: 'real' | 'virtual';
  readonly logger: BrokerLogger;
}

const known: readonly string[] = [...Object.keys(stanBrokerDefaults), 'limits', 'auth', 'tls', 'logger'];

/** @throws BrokerOptionError (STAN_INVALID_OPTION) @internal */
export function resolveBrokerOptions(given: StanBrokerOptions): ResolvedBrokerOptions {
  refuseUnknownOptions(given, known, '');
  return Object.freeze({
    clusterId: clusterId(given.clusterId ?? stanBrokerDefaults.clusterId),
    host: given.host ?? stanBrokerDefaults.host,
    port: port('port', given.port ?? stanBrokerDefaults.port),
    monitoringPort: port('monitoringPort', given.monitoringPort ?? stanBrokerDefaults.monitoringPort),
    heartbeatIntervalMs: positive(given, 'heartbeatIntervalMs'),
    heartbeatTimeoutMs: positive(given, 'heartbeatTimeoutMs'),
    maxFailedHeartbeats: wholeNumber(given, 'maxFailedHeartbeats', 0),
    maxPayloadBytes: positive(given, 'maxPayloadBytes'),
    maxConnections: positive(given, 'maxConnections'),
    maxPendingBytes: positive(given, 'maxPendingBytes'),
    pingIntervalMs: positive(given, 'pingIntervalMs'),
    maxPingsOut: wholeNumber(given, 'maxPingsOut', 0),
    authTimeoutMs: positive(given, 'authTimeoutMs'),
    limits: new LimitTable(given.limits),
    auth: given.auth && auth(given.auth),
    tls: given.tls,
    store: store(given.store ?? stanBrokerDefaults.store),
    clock: clock(given.clock ?? stanBrokerDefaults.clock),
    logger: given.logger ?? silentLogger,
  });
}

const silentLogger: BrokerLogger = Object.freeze({
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
});

/** The cluster id becomes a token of the subjects that the server listens on. */
function clusterId(value: string): string {
  if (/^[a-zA-Z0-9_-]+$/.test(value)) return value;
  throw new BrokerOptionError('clusterId', value, 'letters, digits, - and _');
}

function port(option: string, value: number | false): number | false {
  if (value === false || (Number.isInteger(value) && value >= 0 && value <= 65_535)) return value;
  throw new BrokerOptionError(option, value, 'a port from 0 to 65535, or false');
}

function positive(given: StanBrokerOptions, option: NumberOption): number {
  return wholeNumber(given, option, 1);
}

function wholeNumber(given: StanBrokerOptions, option: NumberOption, least: number): number {
  const value = given[option] ?? stanBrokerDefaults[option];
  if (Number.isInteger(value) && value >= least) return value;
  throw new BrokerOptionError(option, value, `a whole number, ${least} or more`);
}

function auth(value: BrokerAuth): BrokerAuth {
  refuseUnknownOptions(value, ['user', 'pass', 'token'], 'auth');
  const needed: readonly unknown[] = 'token' in value ? [value.token] : [value.user, value.pass];
  if (needed.every((credential) => typeof credential === 'string' && credential !== '')) return value;
  throw new BrokerOptionError('auth', value, '{ user, pass } or { token }, none of them empty');
}

function store(value: NonNullable<StanBrokerOptions['store']>): Store {
  if (value === 'memory') return new MemoryStore();
  const made = typeof value === 'function' ? value() : value;
  if (typeof made === 'object' && typeof made.open === 'function') return made;
  throw new BrokerOptionError(
    'store',
    made,
    "'memory', a store such as new LmdbStore({ directory }), or a function that makes one",
  );
}

function clock(value: string): 'real' | 'virtual' {
  if (value === 'real' || value === 'virtual') return value;
  throw new BrokerOptionError('clock', value, "'real' or 'virtual'");
}
