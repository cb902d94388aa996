import { describe, expect, it } from 'vitest';
import {
  placeOf,
  resolveClientOptions,
  resolveServerOptions,
  resolveSubscriptionOptions,
} from '../../../../lib/core/options/index.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';

const required = { clusterId: 'test-cluster', clientId: 'orders-0' };

function refusal(resolve: () => unknown): unknown {
  try {
    resolve();
  } catch (error) {
    return error;
  }
  return undefined;
}

const server = (options: object) => refusal(() => resolveServerOptions({ ...required, ...options }, stanOptionNames));
const client = (options: object) => refusal(() => resolveClientOptions({ ...required, ...options }, stanOptionNames));
const handler = (options: object) =>
  refusal(() => resolveSubscriptionOptions(options, undefined, placeOf('handler', 'Orders.created', stanOptionNames)));

describe("an option of ServerStan at the wrong place, or under another client's name", () => {
  it.each<[object, string, string]>([
    [{ ackWaitMs: 5_000 }, 'ackWaitMs', 'subscription.ackWaitMs'],
    [{ ackWait: 5_000 }, 'ackWait', 'subscription.ackWaitMs'],
    [{ ackWiatMs: 5_000 }, 'ackWiatMs', 'subscription.ackWaitMs'],
    [{ queueGroup: 'orders' }, 'queueGroup', 'subscription.queueGroup'],
    [{ qGroup: 'orders' }, 'qGroup', 'subscription.queueGroup'],
    [{ durable: 'orders' }, 'durable', 'subscription.durableName'],
    [{ manualAcks: true }, 'manualAcks', 'subscription.ackMode'],
    [{ startPosition: 1 }, 'startPosition', 'subscription.startAt'],
    [{ deliverAllAvailable: true }, 'deliverAllAvailable', 'subscription.startAt'],
    [{ attempts: 3 }, 'attempts', 'subscription.retry.attempts'],
    [{ giveUpAfterMs: 5 }, 'giveUpAfterMs', 'reconnect.giveUpAfterMs'],
    [{ reconnectTimeWait: 5 }, 'reconnectTimeWait', 'reconnect.initialDelayMs'],
    [{ tls: {} }, 'tls', 'connection.tls'],
    [{ token: 'secret' }, 'token', 'connection.token'],
    [{ password: 'secret' }, 'password', 'connection.pass'],
    [{ url: 'nats://h' }, 'url', 'servers'],
    [{ host: 'h' }, 'host', 'servers'],
    [{ port: 4222 }, 'port', 'servers'],
    [{ brokers: ['h:1'] }, 'brokers', 'servers'],
    [{ groupId: 'orders' }, 'groupId', 'subscription.queueGroup'],
    [{ ack_wait: 5 }, 'ack_wait', 'subscription.ackWaitMs'],
    [{ clusterID: 'c' }, 'clusterID', 'clusterId'],
    [{ stanMaxPingOut: 3 }, 'stanMaxPingOut', 'maxPingsOut'],
    [{ maxPubAcksInflight: 3 }, 'maxPubAcksInflight', 'maxPublishInFlight'],
    [{ ackTimeout: 3 }, 'ackTimeout', 'publishTimeoutMs'],
    [{ subscription: { drainTimeoutMs: 5 } }, 'subscription.drainTimeoutMs', 'drainTimeoutMs'],
    [{ subscription: { ackWait: 5 } }, 'subscription.ackWait', 'subscription.ackWaitMs'],
    [{ subscription: { subject: 'dead' } }, 'subscription.subject', 'subscription.deadLetter.subject'],
    [{ subscription: { retry: { ackWaitMs: 5 } } }, 'subscription.retry.ackWaitMs', 'subscription.ackWaitMs'],
    [{ subscription: { retry: { maxAttempts: 5 } } }, 'subscription.retry.maxAttempts', 'subscription.retry.attempts'],
    [{ reconnect: { connectTimeoutMs: 5 } }, 'reconnect.connectTimeoutMs', 'connectTimeoutMs'],
    [{ connection: { ackWaitMs: 5 } }, 'connection.ackWaitMs', 'subscription.ackWaitMs'],
    [{ connection: { clusterId: 'c' } }, 'connection.clusterId', 'clusterId'],
    [{ connection: { url: 'nats://h' } }, 'connection.url', 'servers'],
    [{ connection: { ackTimeout: 5 } }, 'connection.ackTimeout', 'publishTimeoutMs'],
  ])('%j is refused with the right one', (options, option, nearest) => {
    const error = server(options);
    expect(error).toMatchObject({ code: 'STAN_INVALID_OPTION', option, nearest });
    expect((error as Error).message).not.toContain('secret');
  });
});

describe('an option of ClientStan', () => {
  it.each<[object, string]>([
    [{ tls: {} }, 'connection.tls'],
    [{ jitter: 0.1 }, 'reconnect.jitter'],
    [{ ackWaitMs: 5 }, 'subscription.ackWaitMs of ServerStan'],
    [{ subscription: {} }, 'subscription of ServerStan'],
    [{ deserializer: {} }, 'deserializer of ServerStan'],
  ])('%j is refused with the right one', (options, nearest) => {
    expect(client(options)).toMatchObject({ code: 'STAN_INVALID_OPTION', nearest });
  });
});

describe('an option of a handler', () => {
  it.each<[object, string, string]>([
    [{ ackWait: 5_000 }, 'ackWait', 'ackWaitMs'],
    [{ durable: 'orders' }, 'durable', 'durableName'],
    [{ attempts: 5 }, 'attempts', 'retry.attempts'],
    [{ clientId: 'a' }, 'clientId', 'clientId of ServerStan'],
    [{ retry: { maxInFlight: 5 } }, 'retry.maxInFlight', 'maxInFlight'],
  ])('%j is refused with the right one', (options, option, nearest) => {
    expect(handler(options)).toMatchObject({ code: 'STAN_INVALID_OPTION', option, nearest, owner: 'Orders.created' });
  });
});

describe('an option that is like none', () => {
  it.each([{ colour: 1 }, { x: 1 }, { subscription: { foo: 1 } }, { reconnect: { zzz: 1 } }])(
    '%j is refused without a guess',
    (options) => {
      const error = server(options);
      expect(error).toMatchObject({ code: 'STAN_INVALID_OPTION', nearest: undefined });
      expect((error as Error).message).not.toContain('did you mean');
    },
  );

  it("is handed on where it is the NATS client's affair", () => {
    expect(server({ connection: { reconnect: false, name: 'orders', somethingNew: 1 } })).toBeUndefined();
  });
});
