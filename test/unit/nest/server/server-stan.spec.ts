import { Logger } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { NEVER, concat, from, of, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SubscribeFailedError } from '../../../../lib/core/errors/index.js';
import {
  NonRetriableException,
  RetryLaterException,
  ServerStan,
  StanContext,
  replaySubject,
} from '../../../../lib/index.js';
import type { HandlerErrorEvent, StanServerOptions, StanStatus } from '../../../../lib/index.js';
import { FakeDriver } from '../../../support/fake-driver.js';
import { settled } from '../../../support/fake-clock.js';

const lines: string[] = [];
const collect =
  (level: string) =>
  (message: unknown): void => {
    lines.push(`${level} ${String(message)}`);
  };
const collectingLogger: LoggerService = {
  log: collect('log'),
  warn: collect('warn'),
  error: collect('error'),
  debug: () => undefined,
};

beforeEach(() => {
  lines.length = 0;
  Logger.overrideLogger(collectingLogger);
});
afterEach(() => Logger.overrideLogger(['error', 'warn', 'log']));

interface Started {
  readonly server: ServerStan;
  readonly driver: FakeDriver;
}

function makeServer(options: Partial<StanServerOptions> = {}): Started {
  const driver = new FakeDriver({ acksAtOnce: true });
  const server = new ServerStan({ clusterId: 'test-cluster', clientId: 'orders-0', ...options }, () => driver);
  return { server, driver };
}

async function startServer(
  handlers: Record<string, (data: unknown, context: StanContext) => unknown>,
  options: Partial<StanServerOptions> = {},
): Promise<Started> {
  const started = makeServer(options);
  for (const [subject, handler] of Object.entries(handlers))
    started.server.addHandler(subject, nestHandler(handler), true);
  await listen(started.server);
  return started;
}

/** Handlers reach a transport as async functions, whatever the method was. */
function nestHandler(handler: (data: unknown, context: StanContext) => unknown): MessageHandler {
  return async (data: unknown, context: StanContext) => handler(data, context);
}

async function listen(server: ServerStan): Promise<void> {
  let failure: unknown;
  await server.listen((error) => (failure = error));
  if (failure instanceof Error) throw failure;
}

describe('a stream that a handler returns', () => {
  it.each([
    ['of no value', of(), 1],
    ['of many values', from([1, 2, 3]), 1],
    [
      'that errs after a value',
      concat(
        of(1),
        throwError(() => new Error('late')),
      ),
      0,
    ],
    ['that never completes', concat(of(1), NEVER), 0],
  ])('%s settles the event on completion only', async (_name, stream, acks) => {
    const { driver } = await startServer({ 'ticket:created': () => stream });
    const message = driver.subscriptionOf('ticket:created').deliver();
    await settled();
    expect(message!.acks).toBe(acks);
  });
});

describe('a handler that throws what is no error', () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;

  it.each([
    ['an object that holds itself', circular],
    ['a bigint', 7n],
    ['nothing', undefined],
    ['a symbol', Symbol('no')],
  ])('fails as any other does, and leaves its place to the next event: %s', async (_, thrown) => {
    const seen: number[] = [];
    const { driver } = await startServer(
      {
        'ticket:created': (data) => {
          seen.push(data as number);
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- handlers do
          if (data === 1) throw thrown;
        },
      },
      { subscription: { maxInFlight: 1 } },
    );
    const failed = driver.subscriptionOf('ticket:created').deliver({ data: '1' });
    await settled();
    driver.subscriptionOf('ticket:created').deliver({ data: '2' });
    await settled();
    expect([seen, failed!.acks]).toEqual([[1, 2], 0]);
    expect(lines.filter((line) => line.startsWith('error') && line.includes('left for redelivery'))).toHaveLength(1);
  });
});

describe('processing hooks', () => {
  it('may start the handler later; the event is acked only after it', async () => {
    const { server, driver } = makeServer();
    let ran = false;
    let start: (() => unknown) | undefined;
    const ended: unknown[] = [];
    server.addHandler(
      'ticket:created',
      nestHandler(() => (ran = true)),
      true,
    );
    server.setOnProcessingStartHook((_transportId, _context, done) => (start = done));
    server.setOnProcessingEndHook((_transportId, context) => ended.push(context));
    await listen(server);
    const message = driver.subscriptionOf('ticket:created').deliver();
    await settled();
    expect([ran, message!.acks]).toEqual([false, 0]);
    start!();
    await settled();
    expect([ran, message!.acks, ended.length]).toEqual([true, 1, 1]);
    expect(ended[0]).toBeInstanceOf(StanContext);
  });

  it('that start a handler and look away do not hear of its failure', async () => {
    const { server, driver } = makeServer();
    server.addHandler(
      'ticket:created',
      nestHandler(() => Promise.reject(new Error('no'))),
      true,
    );
    const told: unknown[] = [];
    const hook = (_transportId: unknown, _context: unknown, done: () => Promise<unknown>): void => {
      void done().finally(() => told.push('done'));
    };
    server.setOnProcessingStartHook(hook);
    await listen(server);
    const message = driver.subscriptionOf('ticket:created').deliver();
    await settled();
    expect([told, message!.acks]).toEqual([['done'], 0]);
  });

  it('that are async and reject together with the handler leave the event unacked and harm nothing', async () => {
    const { server, driver } = makeServer();
    server.addHandler(
      'ticket:created',
      nestHandler(() => Promise.reject(new Error('no'))),
      true,
    );
    const hook = async (_transportId: unknown, _context: unknown, done: () => Promise<unknown>): Promise<void> => {
      await done();
    };
    server.setOnProcessingStartHook(hook as never);
    await listen(server);
    const message = driver.subscriptionOf('ticket:created').deliver();
    await settled();
    expect(message!.acks).toBe(0);
  });
});

describe('on()', () => {
  it('tells each failure with its cause, and goes on when a listener throws or rejects', async () => {
    const { server, driver } = await startServer({ 'ticket:created': () => Promise.reject(new Error('no')) });
    const events: HandlerErrorEvent[] = [];
    server.on('handlerError', () => {
      throw new Error('listener');
    });
    const asyncListener: () => unknown = () => Promise.reject(new Error('async listener'));
    server.on('handlerError', asyncListener);
    server.on('handlerError', (event) => events.push(event));
    driver.subscriptionOf('ticket:created').deliver();
    await settled();
    expect(events).toMatchObject([{ subject: 'ticket:created', sequence: 1, next: 'redelivery' }]);
    expect(lines.filter((line) => line.includes('a listener of on() failed'))).toHaveLength(2);
  });
});

describe('the log', () => {
  it('tells a poison event at its 1st, 2nd, 4th and 8th delivery, not at each', async () => {
    const { driver } = await startServer({ 'ticket:created': () => Promise.reject(new Error('poison')) });
    for (let redeliveryCount = 0; redeliveryCount < 10; redeliveryCount += 1) {
      driver.subscriptionOf('ticket:created').deliver({ sequence: 1, redeliveryCount });
      await settled();
    }
    const told = lines.filter((line) => line.includes('poison')).map((line) => /delivery (\d+)/.exec(line)?.[1]);
    expect(told).toEqual(['1', '2', '4', '8']);
  });

  it('tells an event that is to come later as a warning, and as no error', async () => {
    const later = new RetryLaterException(1_000, 'its seat is not known yet');
    const { driver } = await startServer({ 'ticket:created': () => Promise.reject(later) });
    driver.subscriptionOf('ticket:created').deliver();
    await settled();
    const told = lines.filter((line) => line.includes('its seat is not known yet'));
    expect(told.map((line) => line.split(' ')[0])).toEqual(['warn']);
  });

  it('tells an event that was given up, with its cause, in the same growing intervals', async () => {
    const { driver } = await startServer(
      { 'ticket:created': () => Promise.reject(new Error('poison')) },
      { subscription: { maxDeliveries: 2 } },
    );
    for (let redeliveryCount = 0; redeliveryCount < 10; redeliveryCount += 1) {
      driver.subscriptionOf('ticket:created').deliver({ sequence: 1, redeliveryCount });
      await settled();
    }
    const told = lines.filter((line) => line.includes('poison')).map((line) => /delivery (\d+)/.exec(line)?.[1]);
    expect(told).toEqual(['1', '2', '4', '8']);
    expect(lines.at(-1)).toBe(
      'warn @EventPattern(\'ticket:created\') (handler 1): event 1 of "ticket:created" is not retried by this process ' +
        'and stays pending on the server (delivery 8): Error: poison',
    );
  });
});

describe('status', () => {
  it('tells what happens to the connection, as it happens', async () => {
    const { server, driver } = makeServer();
    const seen: StanStatus[] = [];
    server.status.subscribe((status) => seen.push(status));
    await listen(server);
    driver.loseSession();
    driver.restoreSession();
    await server.close();
    expect(seen).toEqual(['connecting', 'connected', 'reconnecting', 'connected', 'closed']);
  });
});

describe('a start that fails', () => {
  it('closes what it opened and hands on the error', async () => {
    const { server, driver } = makeServer();
    driver.subscribeErrors.push(new SubscribeFailedError('ticket:created', 'stan: too many subscriptions'));
    server.addHandler(
      'ticket:created',
      nestHandler(() => undefined),
      true,
    );
    await expect(listen(server)).rejects.toMatchObject({ code: 'STAN_SUBSCRIBE_FAILED' });
    expect(driver.calls.close).toBe(1);
  });

  it('is ended by a close() that came before it, as when an app is closed while it starts', async () => {
    const { server, driver } = makeServer();
    await server.close();
    await expect(listen(server)).rejects.toMatchObject({ code: 'STAN_CLOSED' });
    expect(driver.calls.connect).toBe(0);
  });

  it('names both handlers that would share a place on the server, before anything is connected', async () => {
    const { server, driver } = makeServer({ subscription: { queueGroup: 'orders', durableName: 'orders' } });
    server.addHandler(
      'ticket:created',
      nestHandler(() => 1),
      true,
    );
    server.addHandler(
      'ticket:created',
      nestHandler(() => 2),
      true,
    );
    await expect(listen(server)).rejects.toThrow(/\(handler 1\) and .*\(handler 2\) both handle "ticket:created"/);
    expect(driver.calls.connect).toBe(0);
  });

  it('does not refuse handlers side by side that the server gives every event each', async () => {
    const { server, driver } = makeServer();
    server.addHandler(
      'ticket:created',
      nestHandler(() => 1),
      true,
    );
    server.addHandler(
      'ticket:created',
      nestHandler(() => 2),
      true,
    );
    await listen(server);
    expect(driver.subscriptions).toHaveLength(2);
  });
});

describe('on()', () => {
  it.each([
    ['error', 'handlerError'],
    ['sessionlost', 'sessionLost'],
    ['handlerErrors', 'handlerError'],
    ['publishError', undefined],
    ['constructor', undefined],
    [Symbol('x'), undefined],
  ])('refuses an event that never comes: %s', (name, nearest) => {
    const { server } = makeServer();
    const listen = () => server.on(name as never, (() => undefined) as never);
    expect(listen).toThrow(expect.objectContaining({ code: 'STAN_INVALID_OPTION', option: 'event', nearest }));
  });

  it('refuses a listener that cannot be called', () => {
    const { server } = makeServer();
    expect(() => server.on('sessionLost', undefined as never)).toThrow(
      'option "listener" of ServerStan.on("sessionLost"): expected a function, got undefined',
    );
  });
});

describe('unwrap()', () => {
  it('gives the client of the session, and a typed error where there is none', async () => {
    const { server } = makeServer();
    expect(() => server.unwrap()).toThrow(expect.objectContaining({ code: 'STAN_NOT_CONNECTED' }));
    await listen(server);
    expect(server.unwrap()).toEqual({ fakeSession: 1 });
  });
});

describe('a dead letter that comes back', () => {
  const subscription = { queueGroup: 'orders', durableName: 'orders', deadLetter: { subject: 'orders:dead' } };

  /** Lets an event fail for good and returns its letter as it was published. */
  async function failOnce({ driver }: Started): Promise<Uint8Array> {
    driver.subscriptionOf('ticket:created').deliver({ sequence: 41, data: '{"id":7}' });
    await settled();
    return driver.attempts.at(-1)!.data;
  }

  it('runs the one handler that gave it up, with the event as it was', async () => {
    const seen: unknown[] = [];
    const started = await startServer(
      {
        'ticket:created': (data, context) => {
          seen.push([data, context.getSubject(), context.getSequence(), context.getRawData().toString()]);
          if (seen.length === 1) throw new NonRetriableException('no');
        },
      },
      { subscription },
    );
    const letter = await failOnce(started);
    const replay = started.driver.subscriptionOf(replaySubject('orders:dead')).deliver({ data: letter });
    await settled();
    expect(seen).toEqual([
      [{ id: 7 }, 'ticket:created', 41, '{"id":7}'],
      [{ id: 7 }, 'ticket:created', 41, '{"id":7}'],
    ]);
    expect(replay!.acks).toBe(1);
  });

  it('goes back as the original event when it fails again, with the new cause and all deliveries counted', async () => {
    let tries = 0;
    const started = await startServer(
      {
        'ticket:created': () => {
          tries += 1;
          throw new NonRetriableException(`failure ${String(tries)}`);
        },
      },
      { subscription },
    );
    const letter = await failOnce(started);
    started.driver.subscriptionOf(replaySubject('orders:dead')).deliver({ data: letter });
    await settled();
    expect(JSON.parse(started.driver.attempts.at(-1)!.text)).toMatchObject({
      subject: 'ticket:created',
      sequence: 41,
      deliveries: 2,
      error: { message: 'failure 2' },
      payload: { data: '{"id":7}' },
    });
  });

  it('is taken back without a durable where the service is named by a client id that the next start will not have', async () => {
    const { driver } = await startServer(
      { 'ticket:created': () => undefined },
      { clientId: () => 'orders-x7', subscription: { deadLetter: { subject: 'orders:dead' } } },
    );
    const { request } = driver.subscriptionOf(replaySubject('orders:dead'));
    expect(request).toMatchObject({ queueGroup: undefined, durableName: undefined, startAt: 'new' });
  });

  it.each(['{}', 'not json'])('is left to the service that gave it up, readable or not: %s', async (data) => {
    let runs = 0;
    const started = await startServer({ 'ticket:created': () => (runs += 1) }, { subscription });
    const letter = JSON.stringify({
      version: 1,
      subject: 'ticket:created',
      sequence: 1,
      timestamp: '2026-01-01T00:00:00.000Z',
      deliveries: 1,
      failedAt: '2026-01-01T00:00:00.000Z',
      error: { name: 'Error', message: 'no' },
      handler: 'Other.created',
      service: 'payments',
      clientId: 'payments-0',
      payload: { encoding: 'utf8', data },
    });
    const replay = started.driver.subscriptionOf(replaySubject('orders:dead')).deliver({ data: letter });
    await settled();
    expect([runs, replay!.acks, started.driver.attempts]).toEqual([0, 1, []]);
  });
});
