import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BrokerStartError } from '../../../../lib/broker/errors/broker-start.error.js';
import { StoreCorruptError } from '../../../../lib/broker/errors/store-corrupt.error.js';
import * as errors from '../../../../lib/core/errors/index.js';
import type { StanErrorCode } from '../../../../lib/core/errors/index.js';

const cause = new Error('the cause');
const servers = ['nats://app:secret@127.0.0.1:4222', 'nats://token@10.0.0.1:4222'];
const handlers = { firstHandler: 'Tickets.created', secondHandler: 'Tickets.updated' };

interface Row {
  readonly error: errors.StanError;
  readonly retryable: boolean;
  readonly says: readonly string[];
}

/** One row per class; the type demands that no code is left out. */
const table: Record<StanErrorCode, Row> = {
  STAN_UNUSABLE_KEY: {
    error: new errors.UnusableKeyError('ticket:updated', 7, 'version.key', 'text', 'undefined', { cause }),
    retryable: false,
    says: ['event 7 of "ticket:updated"', 'version.key', 'expected', 'got undefined'],
  },
  STAN_MISSING_EVENT_ID: {
    error: new errors.MissingEventIdError('payment:created', 7, { cause }),
    retryable: false,
    says: ['event 7 of "payment:created"', 'no id', 'option id'],
  },
  STAN_EVENT_STORE_FAILED: {
    error: new errors.EventStoreError('count an event', { cause }),
    retryable: true,
    says: ['failed to count an event', 'the cause', 'check the database'],
  },
  STAN_STORE_SCHEMA: {
    error: new errors.StoreSchemaError('nestjs_stan', 1, 0, { cause }),
    retryable: false,
    says: ['"nestjs_stan"', 'migration 1', 'migrationSql()'],
  },
  STAN_NO_TRANSACTION: {
    error: new errors.NoTransactionError('ticket:updated', { cause }),
    retryable: false,
    says: ['"ticket:updated"', 'version or inbox'],
  },
  STAN_INVALID_OPTION: {
    error: new errors.InvalidOptionError('ackWaitMS', 'a known option', 5, {
      nearest: 'ackWaitMs',
      owner: 'A.b',
      cause,
    }),
    retryable: false,
    says: ['option "ackWaitMS" of A.b', 'expected a known option', 'got 5', 'did you mean "ackWaitMs"?'],
  },
  STAN_INVALID_PAYLOAD: {
    error: new errors.InvalidPayloadError({
      ...{ subject: 'order:created', direction: 'receive', sequence: 7, version: 2, cause },
      issues: Array.from({ length: 7 }, (_, index) => ({
        path: `items.${String(index)}`,
        message: 'expected a number',
      })),
    }),
    retryable: false,
    says: ['event 7', '"order:created"', 'items.0: expected a number', 'and 2 more', 'onUndecodable'],
  },
  STAN_SUBJECT_NOT_IN_CONTRACT: {
    error: new errors.SubjectNotInContractError('order:create', ['ticket:created', 'order:created'], { cause }),
    retryable: false,
    says: ['"order:create"', 'did you mean "order:created"?', 'Nothing was sent', 'pick()'],
  },
  STAN_NEWER_EVENT_VERSION: {
    error: new errors.NewerEventVersionError('order:created', 7, 3, 2, { cause }),
    retryable: true,
    says: ['event 7', '"order:created"', 'version 3', 'known here is 2', 'deploy listeners before publishers'],
  },
  STAN_ASYNCAPI_FAILED: {
    error: new errors.AsyncApiError('no document at asyncapi.json', { cause }),
    retryable: false,
    says: ['asyncapi.json'],
  },
  STAN_HANDLER_CONFLICT: {
    error: new errors.HandlerConflictError(
      { ...handlers, subject: 'ticket:created', queueGroup: 'orders', durableName: undefined },
      { cause },
    ),
    retryable: false,
    says: ['Tickets.created', 'Tickets.updated', '"ticket:created"', '"orders"', '(none)', 'queueGroup'],
  },
  STAN_MESSAGE_PATTERN_UNSUPPORTED: {
    error: new errors.MessagePatternUnsupportedError('send()', 'ticket:get', { cause }),
    retryable: false,
    says: ['send()', '"ticket:get"', 'one-way', 'emitAsync()'],
  },
  STAN_INCOMPATIBLE_DEPENDENCY: {
    error: new errors.IncompatibleDependencyError(
      {
        ...{ dependency: 'nats', version: '1.9.0', testedVersion: '1.4.12' },
        ...{ member: 'Client.sendCommand', expected: 'a function' },
      },
      { got: undefined, fallback: 'events are sent by its publish()', cause },
    ),
    retryable: false,
    says: [
      'nats 1.9.0',
      'Client.sendCommand must be a function, got undefined',
      'sent by its publish()',
      'nats 1.4.12',
    ],
  },
  STAN_CONNECT_FAILED: {
    error: new errors.ConnectFailedError(servers, 'Authorization Violation', { retryable: false, cause }),
    retryable: false,
    says: ['127.0.0.1:4222', '10.0.0.1:4222', 'Authorization Violation', 'credentials'],
  },
  STAN_CONNECT_TIMEOUT: {
    error: new errors.ConnectTimeoutError(servers, 2_000, { cause }),
    retryable: true,
    says: ['127.0.0.1:4222', '2000 ms', 'clusterId'],
  },
  STAN_DUPLICATE_CLIENT_ID: {
    error: new errors.DuplicateClientIdError('orders-0', { cause }),
    retryable: true,
    says: ['"orders-0"', 'already registered', 'clientId of its own'],
  },
  STAN_CLIENT_REPLACED: {
    error: new errors.ClientReplacedError('orders-0', { cause }),
    retryable: false,
    says: ['"orders-0"', 'another process'],
  },
  STAN_SESSION_LOST: {
    error: new errors.SessionLostError('orders-0', 'no answer to pings', { cause }),
    retryable: true,
    says: ['"orders-0"', 'no answer to pings'],
  },
  STAN_NOT_CONNECTED: {
    error: new errors.NotConnectedError('publish', { cause }),
    retryable: true,
    says: ['cannot publish', 'connect()'],
  },
  STAN_CLOSED: {
    error: new errors.StanClosedError('publish', { cause }),
    retryable: false,
    says: ['cannot publish', 'closed by this process'],
  },
  STAN_SUBSCRIBE_FAILED: {
    error: new errors.SubscribeFailedError('ticket:created', 'too many channels', { cause }),
    retryable: false,
    says: ['"ticket:created"', 'too many channels'],
  },
  STAN_SUBSCRIBE_TIMEOUT: {
    error: new errors.SubscribeTimeoutError('ticket:created', 2_000, { cause }),
    retryable: true,
    says: ['"ticket:created"', '2000 ms', 'connectTimeoutMs'],
  },
  STAN_CLOSE_TIMEOUT: {
    error: new errors.CloseTimeoutError('the session', 2_000, { cause }),
    retryable: false,
    says: ['the session', '2000 ms', 'heartbeats'],
  },
  STAN_DRAIN_TIMEOUT: {
    error: new errors.DrainTimeoutError(10_000, 3, 7, { cause }),
    retryable: false,
    says: ['10000 ms', '3 handlers', '7 publishes', 'drainTimeoutMs'],
  },
  STAN_PUBLISH_REFUSED: {
    error: new errors.PublishRefusedError('ticket:created', 'store is full', { cause }),
    retryable: false,
    says: ['"ticket:created"', 'store is full'],
  },
  STAN_PUBLISH_TIMEOUT: {
    error: new errors.PublishTimeoutError(
      { subject: 'ticket:created', timeoutMs: 30_000, attempts: 2, mayBeStored: true },
      { cause },
    ),
    retryable: true,
    says: ['"ticket:created"', '30000 ms', 'sent 2 times', 'it may be stored'],
  },
  STAN_PUBLISH_BUFFER_FULL: {
    error: new errors.PublishBufferFullError(100, 64, { cause }),
    retryable: true,
    says: ['100 bytes', '64', 'maxPendingPublishBytes'],
  },
  STAN_INVALID_SUBJECT: {
    error: new errors.InvalidSubjectError('ticket.*', 'it has the wildcard "*"', { cause }),
    retryable: false,
    says: ['"ticket.*"', 'wildcard', 'ticket:created'],
  },
  STAN_PAYLOAD_TOO_LARGE: {
    error: new errors.PayloadTooLargeError('ticket:created', 2_000_000, 1_048_576, { cause }),
    retryable: false,
    says: ['"ticket:created"', '2000000 bytes', '1048576', 'max_payload'],
  },
  STAN_INVALID_HEADERS: {
    error: new errors.InvalidHeadersError('ticket:created', 'they take 5000 bytes, the limit is 4096', { cause }),
    retryable: false,
    says: ['"ticket:created"', '5000 bytes', '4096'],
  },
  STAN_SERIALIZATION_FAILED: {
    error: new errors.SerializationFailedError('it is undefined', { cause }),
    retryable: false,
    says: ['it is undefined', 'serializer'],
  },
  STAN_UNDECODABLE_PAYLOAD: {
    error: new errors.UndecodablePayloadError('ticket:created', 17, { cause }),
    retryable: false,
    says: ['event 17', '"ticket:created"', 'the cause', 'onUndecodable'],
  },
  STAN_MALFORMED_MESSAGE: {
    error: new errors.MalformedMessageError('ticket:created', 'it ends within a field', { cause }),
    retryable: false,
    says: ['"ticket:created"', 'it ends within a field', 'publishes on this NATS server'],
  },
  STAN_DEAD_LETTER_FAILED: {
    error: new errors.DeadLetterFailedError('ticket:created', 17, 'orders:dead', { cause }),
    retryable: true,
    says: ['event 17', '"ticket:created"', '"orders:dead"', 'unacked'],
  },
  STAN_MONITORING_FAILED: {
    error: new errors.MonitoringError('http://app:secret@127.0.0.1:8222/streaming/serverz', 'HTTP 404', {
      status: 404,
      cause,
    }),
    retryable: true,
    says: ['127.0.0.1:8222/streaming/serverz', 'HTTP 404', '-m port'],
  },
  STAN_BROKER_START_FAILED: {
    error: new BrokerStartError('port 4222 is in use', { cause }),
    retryable: false,
    says: ['port 4222 is in use'],
  },
  STAN_BROKER_STORE_CORRUPT: {
    error: new StoreCorruptError('./data', 'bad checksum', { cause }),
    retryable: false,
    says: ['./data', 'bad checksum'],
  },
};

describe('every exported error', () => {
  it('has a row in the table, and every row an exported class', () => {
    const ofBroker = [BrokerStartError.name, StoreCorruptError.name];
    const exported = [...Object.keys(errors).filter((name) => name !== 'StanError'), ...ofBroker];
    expect(
      Object.values(table)
        .map((row) => row.error.constructor.name)
        .sort(),
    ).toEqual(exported.sort());
  });

  it.each(Object.entries(table))('%s carries its code, name, cause and facts in readable words', (code, row) => {
    const { error } = row;
    expect(error).toBeInstanceOf(errors.StanError);
    expect(error.code).toBe(code);
    expect(code).toMatch(/^STAN_[A-Z]+(_[A-Z]+)*$/);
    expect(error.name).toBe(error.constructor.name);
    expect(error.name).toMatch(/Error$/);
    expect(error.retryable).toBe(row.retryable);
    expect(error.cause).toBe(cause);
    for (const words of row.says) expect(error.message).toContain(words);
    expect(error.message).not.toMatch(/undefined \w|\[object|NaN/);
  });

  it.each(Object.entries(table))('%s never shows a credential, whichever way it is printed', (_code, { error }) => {
    for (const text of [error.message, inspect(error), JSON.stringify(error)])
      expect(text).not.toMatch(/secret|token@/);
  });
});

describe('an error made with the least that it takes', () => {
  it('has no cause', () => {
    expect(new errors.ConnectFailedError(['nats://h:1'], 'refused')).not.toHaveProperty('cause');
    expect(new errors.InvalidOptionError('a', 'b', 1)).not.toHaveProperty('cause');
    expect(new errors.MonitoringError('http://h', 'refused')).toMatchObject({ status: undefined, reason: 'refused' });
  });

  it('counts a refused connection as retryable and a publish that was never sent as not stored', () => {
    expect(new errors.ConnectFailedError(['nats://h:1'], 'refused').retryable).toBe(true);
    const unsent = { subject: 's', timeoutMs: 1, attempts: 0, mayBeStored: false };
    expect(new errors.PublishTimeoutError(unsent).message).toContain('it is not stored');
  });
});
