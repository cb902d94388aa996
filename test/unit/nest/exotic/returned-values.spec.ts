import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';

import { Logger } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { firstValueFrom, map, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  ClientStan,
  PublishBufferFullError,
  PublishTimeoutError,
  SerializationFailedError,
  ServerStan,
} from '../../../../lib/index.js';
import { settled } from '../../../support/fake-clock.js';
import { FakeDriver } from '../../../support/fake-driver.js';
import { eventually } from '../../../support/wait.js';

beforeEach(() => Logger.overrideLogger(false));
afterEach(() => Logger.overrideLogger(['error', 'warn', 'log']));

function serve(handler: (data: unknown) => unknown, maxInFlight = 8) {
  return serveBare(async (data: unknown) => handler(data), maxInFlight);
}

/** A function as `addHandler()` takes it, without the async one that Nest puts around a handler. */
async function serveBare(handler: (data: unknown) => unknown, maxInFlight = 8) {
  const driver = new FakeDriver({ acksAtOnce: true });
  const server = new ServerStan(
    { clusterId: 'test-cluster', clientId: 'svc', subscription: { maxInFlight } },
    () => driver,
  );
  server.addHandler('orders', handler as MessageHandler, true);
  await server.listen(() => undefined);
  return { driver, deliver: (data = '{}') => driver.subscriptionOf('orders').deliver({ data })! };
}

describe('what a handler returns', () => {
  const ran: string[] = [];
  beforeEach(() => (ran.length = 0));

  async function* asyncBody(): AsyncGenerator<number> {
    await settled();
    yield 1;
    ran.push('to the end');
  }
  function* body(): Generator<number> {
    yield 1;
    ran.push('to the end');
  }

  it.each<[string, () => unknown]>([
    ['an async generator', () => asyncBody()],
    ['a generator', () => body()],
    ['a stream that gives a generator, as it does behind an interceptor', () => of(asyncBody())],
    ['a promise of a generator', async () => Promise.resolve(body())],
    ['a Node stream', () => Readable.from(asyncBody())],
    ['an async iterable', () => ({ [Symbol.asyncIterator]: () => asyncBody() })],
    ['a generator of streams', () => [of(asyncBody())].values()],
  ])('%s runs to its end before the ack', async (_name, make) => {
    const { deliver } = await serve(make);
    const message = deliver();
    expect(message.acks).toBe(0);
    await eventually(() => message.acks === 1);
    expect(ran).toEqual(['to the end']);
  });

  it.each<[string, () => unknown]>([
    ['a plain value', () => 1],
    ['a promise', () => Promise.resolve()],
    ['a thenable', () => ({ then: (done: () => void) => done() })],
    ['a generator', () => body()],
  ])('%s is acked where a function without async returns it', async (_name, make) => {
    const { deliver } = await serveBare(make);
    const message = deliver();
    await eventually(() => message.acks === 1);
  });

  it('a promise of a class of its own is waited for by its `then`, whatever that returns', async () => {
    const waiting: (() => void)[] = [];
    class LatePromise extends Promise<void> {
      override then(done?: unknown): never {
        waiting.push(done as () => void);
        return undefined as never;
      }
    }
    const { deliver } = await serveBare(() => new LatePromise(() => undefined));
    const message = deliver();
    await eventually(() => waiting.length === 1);
    await settled();
    expect(message.acks).toBe(0);
    waiting[0]?.();
    await eventually(() => message.acks === 1);
  });

  it('a throw of a function without async is a failure, and the next event is handled', async () => {
    const { deliver } = await serveBare((data) => {
      if (data === 1) throw new Error('at once');
    });
    const [failed, handled] = [deliver('1'), deliver('2')];
    await eventually(() => handled.acks === 1);
    expect(failed.acks).toBe(0);
  });

  it('a generator that throws is a failure', async () => {
    const { deliver } = await serve(function* () {
      yield 1;
      throw new Error('late');
    });
    const message = deliver();
    for (let turn = 0; turn < 5; turn += 1) await settled();
    expect(message.acks).toBe(0);
  });

  it.each<[string, unknown]>([
    ['an array', [1, 2]],
    ['a map', new Map([[1, 2]])],
    ['a text', 'text'],
    ['a function', () => undefined],
    ['nothing', undefined],
    ['false', false],
  ])('%s is a value, and the event is done', async (_name, value) => {
    const { deliver } = await serve(() => value);
    const message = deliver();
    await settled();
    expect(message.acks).toBe(1);
  });
});

describe('the async context', () => {
  it('of a delivery is its own, whatever an earlier one has entered', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { deliver } = await serve(async (data) => {
      seen.push(storage.getStore());
      storage.enterWith(String(data));
      await settled();
      seen.push(storage.getStore());
    }, 1);
    for (const data of ['1', '2', '3']) deliver(data);
    await eventually(() => seen.length === 6);
    expect(seen).toEqual([undefined, '1', undefined, '2', undefined, '3']);
  });

  it('of whoever subscribed is that in which next, error and complete are called', async () => {
    const storage = new AsyncLocalStorage<string>();
    const driver = new FakeDriver();
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub' }, () => driver);
    await storage.run('connecting', () => client.connect());
    const seen: string[] = [];
    const tell = (what: string) => (): unknown => seen.push(`${what} ${String(storage.getStore())}`);
    storage.run('bob', () => {
      client.emit('orders', 1).subscribe({ next: tell('next'), complete: tell('complete') });
      client
        .emit('orders', 2)
        .pipe(map(tell('map')))
        .subscribe();
      client.emit('illegal subject', 3).subscribe({ error: tell('error') });
    });
    storage.run('server', () => driver.openAttempts.forEach((attempt) => attempt.ack()));
    await eventually(() => seen.length === 4);
    expect(seen.sort()).toEqual(['complete bob', 'error bob', 'map bob', 'next bob']);
    await client.close();
  });
});

describe('data that is still to come', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a promise', () => Promise.resolve(1), /await it first/],
    ['a rejected promise', () => Promise.reject(new Error('no')), /await it first/],
    ['an observable', () => of(1), /observable/],
    ['a generator', () => [1].values(), /iterator/],
    ['a promise inside', () => ({ user: Promise.resolve(1) }), /"user".*await it first/],
    ['a map', () => new Map([[1, 2]]), /Map/],
    ['a set inside', () => [{ tags: new Set([1]) }], /"tags".*Set/],
    ['an error', () => new Error('no'), /Error/],
    ['a function', () => () => 1, /function/],
    ['a symbol', () => Symbol('no'), /symbol/],
  ])('%s is refused, and nothing is sent', async (_name, make, message) => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub' }, () => driver);
    await expect(client.emitAsync('orders', make())).rejects.toThrow(SerializationFailedError);
    await expect(client.emitAsync('orders', make())).rejects.toThrow(message);
    expect(driver.attempts).toEqual([]);
    await client.close();
  });

  it('an empty object is data', async () => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub' }, () => driver);
    await client.emitAsync('orders', { nothing: {}, deep: [{}] });
    expect(driver.attempts[0]!.text).toBe('{"nothing":{},"deep":[{}]}');
    await client.close();
  });
});

describe('a serializer that never settles', () => {
  const never = {
    serialize: ({ data }: { data: unknown }) => (data === 'never' ? new Promise(() => undefined) : 'fine'),
  };

  it('holds its event up until the time limit, and the later ones no longer', async () => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const options = { clusterId: 'test-cluster', clientId: 'pub', serializer: never, publishTimeoutMs: 1_000 };
    const client = new ClientStan(options, () => driver);
    const stuck = client.emitAsync('orders', 'never');
    const later = setTimeout(() => undefined, 0);
    await expect(stuck).rejects.toThrow(PublishTimeoutError);
    clearTimeout(later);
    await client.emitAsync('orders', 'fine');
    expect(driver.attempts).toHaveLength(1);
    await client.close();
  });

  it('fills the buffer, and then events are refused', async () => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const options = { clusterId: 'test-cluster', clientId: 'pub', serializer: never, maxPendingPublishBytes: 1_024 };
    const client = new ClientStan({ ...options, drainTimeoutMs: 1 }, () => driver);
    const outcomes = Array.from({ length: 5 }, () =>
      client.emitAsync('orders', 'never').catch((error: unknown) => error),
    );
    expect(await outcomes[4]).toBeInstanceOf(PublishBufferFullError);
    await client.close();
  });
});

describe('a listener that emits when the session is back', () => {
  it('comes after the events that are sent again, once', async () => {
    const driver = new FakeDriver();
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub' }, () => driver);
    await client.connect();
    const emitted = ['e1', 'e2', 'e3'].map((data) => client.emitAsync('orders', data));
    client.on('sessionRestored', () => void emitted.push(client.emitAsync('orders', 'late')));
    driver.loseSession();
    driver.restoreSession();
    const inSecond = driver.attempts
      .filter(({ session }) => session === 2)
      .map(({ text }) => JSON.parse(text) as string);
    expect(inSecond).toEqual(['e1', 'e2', 'e3', 'late']);
    for (const attempt of driver.openAttempts) attempt.ack();
    await Promise.all(emitted);
    await client.close();
  });

  it('gets the receipt as a stream too', async () => {
    const driver = new FakeDriver({ acksAtOnce: true });
    const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'pub' }, () => driver);
    expect(await firstValueFrom(client.emit('orders', 1))).toMatchObject({ subject: 'orders' });
    await client.close();
  });
});
