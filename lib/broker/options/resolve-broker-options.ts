import { createSecureContext } from 'node:tls';
import type { TlsOptions } from 'node:tls';

import { readOptionGroup, refuseNamesBeside } from '../../core/option-rules/option-group.js';
import type { Resolved } from '../../core/option-rules/resolved.js';
import { BrokerOptionError } from '../errors/broker-option.error.js';
import { BrokerStartError } from '../errors/broker-start.error.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Store } from '../store/store.js';
import { guardedLogger } from './guarded-logger.js';
import { LimitTable } from './channel-limits.js';
import { brokerOptionPlace } from '../errors/broker-option-place.js';
import { isStore, stanBrokerDefaults, StanBrokerOptions, storeExpected } from './stan-broker.options.js';
import type { BrokerAuth, BrokerLogger } from './stan-broker.options.js';

interface ResolvedParts {
  limits: LimitTable;
  auth: BrokerAuth | undefined;
  tls: TlsOptions | undefined;
  store: Store;
  logger: BrokerLogger;
}

/** Options of a broker, complete and checked. @internal */
export type ResolvedBrokerOptions = Resolved<StanBrokerOptions, ResolvedParts>;

/**
 * @throws BrokerOptionError (STAN_INVALID_OPTION)
 * @throws BrokerStartError (STAN_BROKER_START_FAILED) for TLS material that is none
 * @internal
 */
export function resolveBrokerOptions(input: StanBrokerOptions): ResolvedBrokerOptions {
  const given = readOptionGroup(StanBrokerOptions, input, brokerOptionPlace());
  const { limits, auth, tls, store, logger, ...complete } = { ...stanBrokerDefaults, ...given };
  return Object.freeze({
    ...complete,
    limits: new LimitTable(limits),
    auth: auth === undefined ? undefined : checkAuth(auth),
    tls: tls === undefined ? undefined : checkTls(tls),
    store: makeStore(store),
    logger: logger === undefined ? silentLogger : guardedLogger(logger),
  });
}

const silentLogger: BrokerLogger = Object.freeze({
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
});

function checkAuth(value: BrokerAuth): BrokerAuth {
  refuseNamesBeside(['user', 'pass', 'token'], value, brokerOptionPlace('auth'));
  const needed: readonly unknown[] = 'token' in value ? [value.token] : [value.user, value.pass];
  if (needed.every((credential) => typeof credential === 'string' && credential !== '')) return value;
  throw new BrokerOptionError('auth', value, '{ user, pass } or { token }, none of them empty');
}

/** Tried once, here: otherwise the first connection finds out. The error does not show the key. */
function checkTls(tls: TlsOptions): TlsOptions {
  if (tls.pfx === undefined && tls.SNICallback === undefined && (tls.key === undefined || tls.cert === undefined)) {
    throw new BrokerStartError('tls needs a key and a cert (or a pfx); no client could connect without them');
  }
  try {
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BrokerStartError(
      `tls cannot be used: ${reason}; check that key, cert and ca are PEM strings that belong together`,
      { cause },
    );
  }
}

function makeStore(value: NonNullable<StanBrokerOptions['store']>): Store {
  if (value === 'memory') return new MemoryStore();
  const made: unknown = typeof value === 'function' ? value() : value;
  if (isStore(made)) return made;
  throw new BrokerOptionError('store', made, storeExpected);
}
