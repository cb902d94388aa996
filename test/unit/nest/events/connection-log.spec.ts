import { ConsoleLogger, Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it } from 'vitest';

import type { DriverEvent } from '../../../../lib/core/driver/driver-event.js';
import { ClientStan, ConnectTimeoutError, StanClosedError } from '../../../../lib/index.js';
import { FakeDriver } from '../../../support/fake-driver.js';
import { eventually } from '../../../support/wait.js';

/** What a logger of another maker is told: the level, and an object with message and fields. */
const told: [level: string, line: unknown][] = [];

beforeEach(() => {
  told.length = 0;
  const keep =
    (level: string) =>
    (line: unknown): void =>
      void told.push([level, line]);
  Logger.overrideLogger({ log: keep('log'), warn: keep('warn'), error: keep('error'), debug: keep('debug') });
});
afterEach(() => Logger.overrideLogger(new ConsoleLogger()));

function startClient(): { client: ClientStan; driver: FakeDriver } {
  const driver = new FakeDriver({ acksAtOnce: true });
  const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'tickets-0' }, () => driver);
  client.onApplicationBootstrap();
  return { client, driver };
}

const error = new StanClosedError('publish');
const lost = { code: 'STAN_CLOSED' };

it.each<[DriverEvent, string, Record<string, unknown>]>([
  [
    {
      type: 'connectAttemptFailed',
      attempt: 2,
      retryInMs: 50,
      error: new ConnectTimeoutError(['nats://stan:4222'], 10),
    },
    'warn',
    { attempt: 2, retryInMs: 50, code: 'STAN_CONNECT_TIMEOUT' },
  ],
  [
    { type: 'subscribeAttemptFailed', subject: 'ticket:created', attempt: 1, retryInMs: 50, error },
    'warn',
    { ...lost, subject: 'ticket:created', attempt: 1, retryInMs: 50 },
  ],
  [{ type: 'transportLost' }, 'warn', {}],
  [{ type: 'serverSilent' }, 'warn', {}],
  [{ type: 'serverAnswered', silentMs: 7 }, 'log', { downMs: 7 }],
  [{ type: 'sessionLost', error }, 'warn', lost],
  [{ type: 'warning', error }, 'warn', lost],
  [{ type: 'sessionRestored', downMs: 9, attempts: 3, serverChanged: true }, 'log', { downMs: 9, attempt: 3 }],
  [{ type: 'gaveUp', error }, 'error', lost],
])('the line of $type has whose connection it is and its facts as fields', (event, level, facts) => {
  const { driver } = startClient();
  driver.emit(event);
  expect(told).toHaveLength(1);
  const [[toldLevel, line]] = told as [[string, Record<string, unknown>]];
  expect(toldLevel).toBe(level);
  expect({ ...line }).toEqual({
    message: expect.any(String) as string,
    clientId: 'tickets-0',
    event: event.type,
    ...facts,
  });
});

it('says nothing of a state and of a transport that is back', () => {
  const { driver } = startClient();
  driver.emit({ type: 'status', status: 'connected' });
  driver.emit({ type: 'transportRestored' });
  expect(told).toEqual([]);
});

it('the line of an event that failed and that nobody subscribed to has its subject and the error as fields', async () => {
  const { client } = startClient();
  client.emit('not a subject', 1);
  await eventually(() => told.length === 1);
  const [[level, line]] = told as [[string, Record<string, unknown>]];
  expect(level).toBe('error');
  expect({ ...line }).toEqual({
    message: expect.stringContaining('an event for "not a subject" is not known to be stored') as string,
    subject: 'not a subject',
    clientId: 'tickets-0',
    event: 'publishError',
    code: 'STAN_INVALID_SUBJECT',
  });
});
