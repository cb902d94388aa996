import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../../lib/core/errors/index.js';
import type { StanConnectionOptions } from '../../../../lib/core/options/index.js';
import { resolveConnectionOptions, uniqueClientId } from '../../../../lib/core/options/index.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';

const required = { clusterId: 'test-cluster', clientId: 'orders-0' };

function resolveWith(options: object) {
  return resolveConnectionOptions({ ...required, ...options }, stanOptionNames);
}

function refusal(options: object): InvalidOptionError {
  try {
    resolveConnectionOptions(options as StanConnectionOptions, stanOptionNames);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('the options were taken');
}

describe('resolveConnectionOptions', () => {
  it('completes the least that can be given with the defaults', () => {
    expect(resolveConnectionOptions(required, stanOptionNames)).toEqual({
      clusterId: 'test-cluster',
      clientId: 'orders-0',
      clientIdIsGenerated: false,
      servers: ['nats://127.0.0.1:4222'],
      connectTimeoutMs: 2_000,
      pingIntervalMs: 5_000,
      maxPingsOut: 3,
      reconnect: {
        initialDelayMs: 250,
        maxDelayMs: 10_000,
        jitter: 0.2,
        giveUpAfterMs: undefined,
        firstConnectTimeoutMs: 60_000,
      },
      connection: {},
    });
  });

  it('keeps what was given and skips what is undefined', () => {
    const resolved = resolveWith({
      connectTimeoutMs: 1,
      pingIntervalMs: undefined,
      reconnect: { jitter: 0, maxDelayMs: undefined, giveUpAfterMs: 9 },
      connection: { user: 'app', tls: { ca: 'x' } },
    });
    expect(resolved).toMatchObject({
      connectTimeoutMs: 1,
      pingIntervalMs: 5_000,
      connection: { user: 'app', tls: { ca: 'x' } },
    });
    expect(resolved.reconnect).toMatchObject({ jitter: 0, maxDelayMs: 10_000, giveUpAfterMs: 9 });
  });

  it('calls a clientId function once and says that the id was generated', () => {
    let callCount = 0;
    const clientId = () => `id-${String(++callCount)}`;
    expect(resolveWith({ clientId })).toMatchObject({ clientId: 'id-1', clientIdIsGenerated: true });
    expect(callCount).toBe(1);
    expect(resolveWith({ clientId: uniqueClientId('orders') }).clientId).toMatch(/^orders-/);
  });

  it('is frozen and shares nothing with the input, which it leaves as it was', () => {
    const input = { ...required, servers: ['a:1'], reconnect: { jitter: 0.1 }, connection: { user: 'app' } };
    const before = structuredClone(input);
    const resolved = resolveConnectionOptions(input, stanOptionNames);
    expect(input).toEqual(before);
    input.servers.push('b:2');
    input.reconnect.jitter = 0.9;
    input.connection.user = 'other';
    expect(resolved).toMatchObject({
      servers: ['nats://a:1'],
      reconnect: { jitter: 0.1 },
      connection: { user: 'app' },
    });
    for (const part of [resolved, resolved.servers, resolved.reconnect, resolved.connection]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('reads options from a class with getters', () => {
    class Configuration implements StanConnectionOptions {
      get clusterId() {
        return 'test-cluster';
      }
      get clientId() {
        return 'orders-0';
      }
    }
    expect(resolveConnectionOptions(new Configuration(), stanOptionNames)).toEqual(
      resolveConnectionOptions(required, stanOptionNames),
    );
  });

  it.each<[string | string[], string[]]>([
    ['nats://h:4222', ['nats://h:4222']],
    ['tls://h', ['tls://h:4222']],
    ['h:5000', ['nats://h:5000']],
    ['h', ['nats://h:4222']],
    ['[::1]:4223', ['nats://[::1]:4223']],
    ['nats://h:4222/', ['nats://h:4222']],
    ['nats://app:p%40ss@h:4222', ['nats://app:p%40ss@h:4222']],
    ['nats://token@h', ['nats://token@h:4222']],
    ['nats://a:1, nats://b:2', ['nats://a:1', 'nats://b:2']],
    [
      ['a', 'tls://b:2'],
      ['nats://a:4222', 'tls://b:2'],
    ],
  ])('completes servers %o to %o', (servers, urls) => {
    expect(resolveWith({ servers }).servers).toEqual(urls);
  });

  it('lifts the longest delay to a longer initial one that was given alone', () => {
    expect(resolveWith({ reconnect: { initialDelayMs: 20_000 } }).reconnect.maxDelayMs).toBe(20_000);
  });
});

describe('an illegal connection option is refused by name', () => {
  it.each<[string, unknown]>([
    ['clusterId', undefined],
    ['clusterId', ''],
    ['clusterId', 'a b'],
    ['clusterId', null],
    ['clientId', undefined],
    ['clientId', ''],
    ['clientId', 'a.b'],
    ['clientId', 'orders 0'],
    ['clientId', 7],
    ['clientId', () => 'a b'],
    ['clientId', () => undefined],
    ['servers', []],
    ['servers', ''],
    ['servers', 7],
    ['servers', [7]],
    ['servers', 'http://h:4222'],
    ['servers', 'nats://'],
    ['servers', 'nats://h:0'],
    ['servers', 'nats://h:70000'],
    ['servers', 'nats://h:port'],
    ['servers', 'nats://h:4222/path'],
    ['servers', 'nats://h:4222?x=1'],
    ['servers', 'nats://a b:4222'],
    ['servers', 'a:1,'],
    ['connectTimeoutMs', 0],
    ['connectTimeoutMs', -1],
    ['connectTimeoutMs', 1.5],
    ['connectTimeoutMs', Number.NaN],
    ['connectTimeoutMs', '2000'],
    ['connectTimeoutMs', null],
    ['connectTimeoutMs', 2 ** 31],
    ['pingIntervalMs', 999],
    ['pingIntervalMs', 1_500],
    ['maxPingsOut', 1],
    ['maxPingsOut', 2 ** 31],
    ['reconnect', true],
    ['reconnect', []],
    ['connection', 'nats://h'],
    ['connection', null],
  ])('%s: %o', (option, value) => {
    const error = refusal({ ...required, [option]: value });
    expect(error.option).toBe(option);
    expect(error.message).toContain(`option "${option}": expected `);
  });

  it.each<[string, unknown]>([
    ['initialDelayMs', 0],
    ['maxDelayMs', 2 ** 31],
    ['maxDelayMs', 100],
    ['jitter', 1.1],
    ['jitter', -0.1],
    ['jitter', Number.NaN],
    ['giveUpAfterMs', 0],
    ['giveUpAfterMs', null],
    ['firstConnectTimeoutMs', Infinity],
  ])('reconnect.%s: %o', (option, value) => {
    expect(refusal({ ...required, reconnect: { [option]: value } }).option).toBe(`reconnect.${option}`);
  });

  it.each<[object, string, string]>([
    [{ clientID: 'x' }, 'clientID', 'clientId'],
    [{ server: 'x' }, 'server', 'servers'],
    [{ connectTimeout: 5 }, 'connectTimeout', 'connectTimeoutMs'],
    [{ reconnect: { delayMs: 5 } }, 'reconnect.delayMs', 'maxDelayMs'],
    [{ connection: { url: 'nats://h' } }, 'connection.url', 'servers'],
    [{ connection: { stanPingInterval: 1 } }, 'connection.stanPingInterval', 'pingIntervalMs'],
  ])('%o: unknown or not here, and the nearest known name is told', (extra, option, nearest) => {
    expect(refusal({ ...required, ...extra })).toMatchObject({ option, nearest });
  });

  it('refuses under connection what this package sets and has no option for', () => {
    expect(refusal({ ...required, connection: { nc: {} } })).toMatchObject({
      option: 'connection.nc',
      nearest: undefined,
    });
  });

  it.each([undefined, null, 'nats://h', [required], 7])('refuses %o as the options themselves', (options) => {
    expect(refusal(options as unknown as object).option).toBe('options');
  });

  it.each([
    'nats://app:secret@h:99999',
    'app:secret@h:99999',
    'http://secret@h',
    ['nats://app:secret@h/x'],
    'a:se cret@h',
  ])('never shows the credentials in %o', (servers) => {
    const error = refusal({ ...required, servers });
    expect(`${error.message} ${error.received} ${String(error.cause)} ${error.stack ?? ''}`).not.toMatch(/se ?cret@/);
  });
});
