import { Logger } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ClientStan, ServerStan, StanError, parseDeadLetter } from '../../../../lib/index.js';
import type { DeadLetter, StanClientOptions, StanContext, StanServerOptions } from '../../../../lib/index.js';
import { exoticValues } from '../../../support/exotic-values.js';
import { settled } from '../../../support/fake-clock.js';
import { FakeDriver } from '../../../support/fake-driver.js';

const values = Object.entries(exoticValues);

/** What would have ended the process. */
const fatal: unknown[] = [];
const note = (error: unknown): unknown => fatal.push(error);
const silent: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };

beforeEach(() => {
  fatal.length = 0;
  Logger.overrideLogger(silent);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
afterEach(async () => {
  await settled();
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  Logger.overrideLogger(['error', 'warn', 'log']);
  expect(fatal).toEqual([]);
});

type Handler = (data: unknown, context: StanContext) => unknown;

async function serve(handler: Handler, options: Partial<StanServerOptions> = {}) {
  const driver = new FakeDriver({ acksAtOnce: true });
  const server = new ServerStan({ clusterId: 'test-cluster', clientId: 'svc', ...options }, () => driver);
  const callback: MessageHandler = async (data: unknown, context: StanContext) => handler(data, context);
  server.addHandler('orders', callback, true);
  const listen = async (): Promise<void> => {
    let failure: unknown;
    await server.listen((error) => (failure = error));
    if (failure !== undefined) throw failure as Error;
  };
  const deliver = async (data: string) => {
    const message = driver.subscriptionOf('orders').deliver({ data });
    for (let turn = 0; turn < 3; turn += 1) await settled();
    return message!;
  };
  return { server, driver, listen, deliver };
}

const raise = (value: unknown): never => {
  // What is thrown is the point here.

  throw value;
};

describe.each(values)('%s', (_name, make) => {
  /** Async functions reject with whatever they throw. */
  const rejecting = async (): Promise<never> => raise(make());

  it('thrown by a handler is a failure as any other: dead-lettered, readable, and the next event runs', async () => {
    const seen: unknown[] = [];
    const { driver, listen, deliver } = await serve(
      (data) => {
        seen.push(data);
        if (data === 1) raise(make());
      },
      { subscription: { maxDeliveries: 1, maxInFlight: 1, deadLetter: { subject: 'letters' } } },
    );
    await listen();
    const failed = await deliver('1');
    const next = await deliver('2');
    expect(seen).toEqual([1, 2]);
    expect([failed.acks, next.acks]).toEqual([1, 1]);
    const letters = driver.attempts.filter(({ subject }) => subject === 'letters');
    const letter: DeadLetter | undefined = parseDeadLetter(letters[0]!.data);
    expect(letter?.error.message).toEqual(expect.any(String));
    expect(letters[0]!.data.byteLength).toBeLessThan(100_000);
  });

  it('thrown by a listener, a hook, the logger and retryOn is not the fate of an event', async () => {
    const log = (): void => raise(make());
    Logger.overrideLogger({ log, warn: log, error: log, debug: log });
    const { server, listen, deliver } = await serve((data) => (data === 1 ? raise(make()) : undefined), {
      subscription: { retry: { attempts: 3, retryOn: () => raise(make()) } },
    });
    server.on('handled', () => raise(make()));
    server.on('handlerError', () => raise(make()));
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- users do
    server.on('handlerError', rejecting);
    server.setOnProcessingStartHook((_transport, _context, done) => {
      void done().catch(() => undefined);
      raise(make());
    });
    server.setOnProcessingEndHook(() => raise(make()));
    await listen();
    const failed = await deliver('1');
    const handled = await deliver('2');
    expect([failed.acks, handled.acks]).toEqual([0, 1]);
    await server.close();
  });

  it('thrown by a start hook before it starts anything leaves the handler to run', async () => {
    const { server, listen, deliver } = await serve(() => undefined);
    server.setOnProcessingStartHook(() => raise(make()));
    await listen();
    expect((await deliver('1')).acks).toBe(1);
  });

  it('thrown by a deserializer is an undecodable event', async () => {
    const { listen, deliver } = await serve(() => undefined, {
      deserializer: { deserialize: () => raise(make()) },
      subscription: { onUndecodable: 'ack' },
    });
    await listen();
    expect((await deliver('1')).acks).toBe(1);
  });

  it('thrown by a serializer, or given as its promise, fails that event alone, with a StanError', async () => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const serializer: StanClientOptions['serializer'] = {
      serialize: ({ data }: { data: unknown }) => {
        if (data === 'throw') raise(make());
        if (data === 'reject') return rejecting();
        return 'fine';
      },
    };
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub', serializer }, () => driver);
    const outcomes = await Promise.allSettled(['throw', 'reject', 'fine'].map((data) => client.emitAsync('o', data)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    for (const outcome of outcomes.slice(0, 2))
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(StanError);
    await client.close();
  });

  it('emitted, or used as a pattern, has an outcome, heard or not', async () => {
    const driver = new FakeDriver({ acksAtOnce: true, maxPayloadBytes: 1_048_576 });
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub' }, () => driver);
    client.on('publishError', () => raise(make()));
    client.emit('orders', make());
    client.emit(make(), 1);
    const outcomes = await Promise.allSettled([
      client.emitAsync('orders', make()),
      client.emitAsync(make(), 1),
      client.emitAsync('orders', 'fine'),
    ]);
    expect(outcomes[2].status).toBe('fulfilled');
    for (const outcome of outcomes.slice(0, 2))
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Error);
    await client.close();
  });

  it('thrown by a listener of a client does not disturb the client', async () => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub' }, () => driver);
    for (const type of ['sessionLost', 'sessionRestored'] as const) client.on(type, () => raise(make()));
    await client.connect();
    driver.loseSession();
    const emitted = client.emitAsync('orders', 1);
    driver.restoreSession();
    await emitted;
    await client.close();
  });
});
