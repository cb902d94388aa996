import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../../lib/core/errors/index.js';
import {
  durableQueue,
  resolveClientOptions,
  resolveConnectionOptions,
  resolvePublishOptions,
  resolveServerOptions,
} from '../../../../lib/core/options/index.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';

const required = { clusterId: 'test-cluster', clientId: 'orders-0' };
const serializer = { serialize: () => 'x' };
const deserializer = { deserialize: () => 'x' };

function refusal(resolve: () => unknown): InvalidOptionError {
  try {
    resolve();
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('the options were taken');
}

describe('resolveServerOptions', () => {
  it('completes the least that can be given, in groups, frozen', () => {
    const resolved = resolveServerOptions(required, stanOptionNames);
    expect(resolved).toEqual({
      connection: resolveConnectionOptions(required, stanOptionNames),
      publish: resolvePublishOptions(),
      subscription: {},
      drainTimeoutMs: 10_000,
      deserializer: undefined,
    });
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  it('sorts what was given into its groups and copies the defaults for handlers', () => {
    const subscription = { ...durableQueue('orders'), retry: { attempts: 2 } };
    const input = {
      ...required,
      servers: 'h:1',
      publishTimeoutMs: 5,
      drainTimeoutMs: 6,
      subscription,
      deserializer,
      serializer,
    };
    const resolved = resolveServerOptions(input, stanOptionNames);
    expect(resolved).toMatchObject({
      connection: { servers: ['nats://h:1'] },
      publish: { publishTimeoutMs: 5 },
      drainTimeoutMs: 6,
      subscription,
    });
    expect(resolved.deserializer).toBe(deserializer);
    subscription.retry.attempts = 9;
    expect(resolved.subscription.retry).toEqual({ attempts: 2 });
    expect(Object.isFrozen(resolved.subscription)).toBe(true);
  });

  it.each<[string, object, string | undefined]>([
    ['drainTimeoutMs', { drainTimeoutMs: 0 }, undefined],
    ['deserializer', { deserializer: {} }, undefined],
    ['deserializer', { deserializer: () => 'x' }, undefined],
    ['serializer', { serializer: 'json' }, undefined],
    ['subscription', { subscription: 'orders' }, undefined],
    ['subscription.ackWaitMs', { subscription: { ackWaitMs: 1_500 } }, undefined],
    ['subscription.queueGrup', { subscription: { queueGrup: 'x' } }, 'queueGroup'],
    ['subscription.deadLetter.subject', { subscription: { deadLetter: { subject: 'a b' } } }, undefined],
    ['publishTimeoutMs', { publishTimeoutMs: -1 }, undefined],
    ['clientId', { clientId: 'a b' }, undefined],
    ['drainTimeout', { drainTimeout: 5 }, 'drainTimeoutMs'],
    ['subscriptions', { subscriptions: {} }, 'subscription'],
  ])('refuses %s by name in %o', (option, extra, nearest) => {
    const error = refusal(() => resolveServerOptions({ ...required, ...extra }, stanOptionNames));
    expect(error).toMatchObject({ option, nearest, owner: 'ServerStan' });
  });
});

describe('resolveClientOptions', () => {
  it('completes the least that can be given, in groups, frozen', () => {
    const resolved = resolveClientOptions(required, stanOptionNames);
    expect(resolved).toEqual({
      connection: resolveConnectionOptions(required, stanOptionNames),
      publish: resolvePublishOptions(),
      drainTimeoutMs: 10_000,
      serializer: undefined,
    });
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  it('keeps the serializer', () => {
    expect(resolveClientOptions({ ...required, serializer }, stanOptionNames).serializer).toBe(serializer);
  });

  it.each<[string, object]>([
    ['subscription', { subscription: {} }],
    ['deserializer', { deserializer }],
    ['serializer', { serializer: {} }],
    ['drainTimeoutMs', { drainTimeoutMs: 1.5 }],
    ['maxPublishInFlight', { maxPublishInFlight: 0 }],
  ])('refuses %s by name in %o', (option, extra) => {
    const error = refusal(() => resolveClientOptions({ ...required, ...extra }, stanOptionNames));
    expect(error).toMatchObject({ option, owner: 'ClientStan' });
  });

  it('calls a clientId function once per start', () => {
    let callCount = 0;
    resolveClientOptions({ ...required, clientId: () => `id-${String(++callCount)}` }, stanOptionNames);
    expect(callCount).toBe(1);
  });
});
