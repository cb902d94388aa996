import { describe, expect, it } from 'vitest';

import { resolveConnectionOptions } from '../../../../lib/core/options/index.js';
import { toClientOptions } from '../../../../lib/drivers/stan/stan-options.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';

const servers = ['nats://a:4222', 'nats://b:4222', 'nats://c:4222'];
const resolved = (more: object = {}) =>
  resolveConnectionOptions({ clusterId: 'c', clientId: 'orders', servers, ...more }, stanOptionNames);

describe("the options of the vendor's client", () => {
  it('begin each attempt with another server, and try all of them in turn', () => {
    const tried = [0, 1, 2, 3].map((attempt) => toClientOptions(resolved(), attempt));
    expect(tried).toMatchObject([
      { url: 'nats://a:4222', servers: ['nats://b:4222', 'nats://c:4222'] },
      { url: 'nats://b:4222', servers: ['nats://c:4222', 'nats://a:4222'] },
      { url: 'nats://c:4222', servers: ['nats://a:4222', 'nats://b:4222'] },
      { url: 'nats://a:4222', servers: ['nats://b:4222', 'nats://c:4222'] },
    ]);
  });

  it('name a single server alone: a list would have the client try localhost first', () => {
    const options = toClientOptions(resolved({ servers: 'nats://a:4222' }), 4);
    expect(options).toMatchObject({ url: 'nats://a:4222' });
    expect(options).not.toHaveProperty('servers');
  });

  it("take the user's connection options, but for what the driver decides", () => {
    const options = resolved({
      connection: { tls: { ca: 'x' }, maxReconnectAttempts: 7, reconnectTimeWait: 5 },
      connectTimeoutMs: 1_234,
      pingIntervalMs: 3_000,
      maxPingsOut: 4,
    });
    expect(toClientOptions(options, 0)).toMatchObject({
      tls: { ca: 'x' },
      maxReconnectAttempts: 7,
      reconnectTimeWait: 5,
      encoding: 'binary',
      connectTimeout: 1_234,
      stanPingInterval: 3_000,
      stanMaxPingOut: 4,
      ackTimeout: 120_000,
      maxPubAcksInflight: Number.MAX_SAFE_INTEGER,
    });
  });

  it('reconnect forever, and wait as long as reconnect.initialDelayMs says', () => {
    expect(toClientOptions(resolved({ reconnect: { initialDelayMs: 77 } }), 0)).toMatchObject({
      maxReconnectAttempts: -1,
      reconnectTimeWait: 77,
    });
  });
});
