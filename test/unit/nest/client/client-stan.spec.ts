import { Logger } from '@nestjs/common';
import type { ReadPacket } from '@nestjs/microservices';
import { ClientProxyFactory } from '@nestjs/microservices';
import type { StanClientOptions, StanStatus } from 'nestjs-stan';
import {
  ClientStan,
  ConnectTimeoutError,
  InvalidOptionError,
  InvalidSubjectError,
  MessagePatternUnsupportedError,
  NotConnectedError,
  PublishTimeoutError,
  SerializationFailedError,
  StanClosedError,
} from 'nestjs-stan';
import { firstValueFrom, lastValueFrom, map, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PublishErrorEvent } from '../../../../lib/nest/client/index.js';
import type { FakeDriverOptions } from '../../../support/fake-driver.js';
import { FakeDriver } from '../../../support/fake-driver.js';
import { collectingLogger } from '../../../support/stan-app.js';
import { eventually, latch, nextTurn } from '../../../support/wait.js';

/** A client over fake drivers, with what it told. */
function makeClient(options: Partial<StanClientOptions> = {}, driverOptions: FakeDriverOptions = { acksAtOnce: true }) {
  const drivers: FakeDriver[] = [];
  const client = new ClientStan({ clusterId: 'test-cluster', clientId: 'tickets-0', ...options }, () => {
    const driver = new FakeDriver(driverOptions);
    drivers.push(driver);
    return driver;
  });
  const publishErrors: PublishErrorEvent[] = [];
  client.on('publishError', (event) => publishErrors.push(event));
  return {
    client,
    drivers,
    publishErrors,
    sent: () => drivers.flatMap(({ attempts }) => attempts.map((it) => it.text)),
  };
}

const logger = collectingLogger();
const errorLines = () => logger.lines.filter(({ level }) => level === 'error');

beforeEach(() => {
  Logger.overrideLogger(logger);
  (logger.lines as unknown[]).length = 0;
});
afterEach(() => Logger.overrideLogger(false));

describe('emitAsync', () => {
  it('resolves with the receipt once the server has stored the event', async () => {
    const { client, drivers } = makeClient({}, { acksAtOnce: false });
    const emitted = client.emitAsync('ticket:created', { id: 1 });
    await eventually(() => drivers[0]!.openAttempts.length === 1);
    drivers[0]!.openAttempts[0]!.ack();
    expect(await emitted).toEqual({ guid: 'guid-1', subject: 'ticket:created', attempts: 1 });
  });

  it.each([
    [{ id: 1 }, '{"id":1}'],
    [null, 'null'],
    [0, '0'],
    ['', '""'],
    [false, 'false'],
    [[], '[]'],
  ])('sends the JSON of the data alone: %j', async (data, payload) => {
    const { client, sent } = makeClient();
    await client.emitAsync('ticket:created', data);
    expect(sent()).toEqual([payload]);
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  it.each([[undefined], [circular], [1n], [() => 1]])(
    'rejects what JSON cannot say, and sends nothing',
    async (data) => {
      const { client, sent } = makeClient();
      await expect(client.emitAsync('ticket:created', data)).rejects.toBeInstanceOf(SerializationFailedError);
      expect(sent()).toEqual([]);
    },
  );

  it.each([['a b'], ['a.*'], [''], [undefined], [null], [Symbol('x')], [{ cmd: 'a.>' }]])(
    'rejects a pattern that is no legal subject',
    async (pattern) => {
      const { client } = makeClient();
      await expect(client.emitAsync(pattern, 1)).rejects.toBeInstanceOf(InvalidSubjectError);
    },
  );

  it.each([
    ['an object', { b: 2, a: 'x' }],
    ['a RegExp', /a/],
    ['a symbol', Symbol('a')],
    ['nothing', undefined],
    ['null', null],
    ['a function', () => 'a'],
  ])('refuses a pattern that is %s, as the handlers do', async (_name, pattern) => {
    const { client, drivers } = makeClient();
    await expect(client.emitAsync(pattern, 1)).rejects.toMatchObject({ code: 'STAN_INVALID_SUBJECT' });
    expect(drivers).toHaveLength(0);
  });
});

describe('emit', () => {
  it('sends without anybody subscribing', async () => {
    const { client, sent } = makeClient();
    client.emit('ticket:created', 1);
    await eventually(() => sent().length === 1);
  });

  it('sends once, however many subscribe, and gives each the receipt', async () => {
    const { client, sent } = makeClient();
    const emitted = client.emit('ticket:created', 1);
    const receipts = await Promise.all([firstValueFrom(emitted), lastValueFrom(emitted.pipe(toArray()))]);
    expect(receipts[1]).toEqual([receipts[0]]);
    expect(await firstValueFrom(emitted.pipe(map(({ guid }) => guid)))).toBe('guid-1');
    expect(sent()).toHaveLength(1);
  });

  it('takes null, which Nest itself refuses', async () => {
    const { client, sent } = makeClient();
    await firstValueFrom(client.emit('ticket:created', null));
    expect(sent()).toEqual(['null']);
  });

  it('errors for the subscriber, and then nothing is logged', async () => {
    const { client, publishErrors } = makeClient();
    await expect(firstValueFrom(client.emit('a b', 1))).rejects.toBeInstanceOf(InvalidSubjectError);
    expect([publishErrors, errorLines()]).toEqual([[], []]);
  });

  it('logs and tells a failure that nobody subscribed to, once', async () => {
    const { client, publishErrors } = makeClient();
    client.emit('a b', { id: 7 });
    await nextTurn();
    expect(publishErrors).toEqual([
      { type: 'publishError', pattern: 'a b', data: { id: 7 }, error: expect.any(InvalidSubjectError) as Error },
    ]);
    expect(errorLines()).toHaveLength(1);
  });

  it('logs and tells a failure for a subscriber without an error callback, whom rxjs would have end the process', async () => {
    const { client, publishErrors } = makeClient();
    const emitted = client.emit('a b', 1);
    emitted.subscribe();
    emitted.subscribe(() => undefined);
    emitted.subscribe({ complete: () => undefined });
    await nextTurn();
    expect(publishErrors).toHaveLength(1);
    expect(errorLines()).toHaveLength(1);
  });

  it('gives a late subscriber the error too', async () => {
    const { client, publishErrors } = makeClient();
    const emitted = client.emit('a b', 1);
    await nextTurn();
    await expect(firstValueFrom(emitted)).rejects.toBeInstanceOf(InvalidSubjectError);
    expect(publishErrors).toHaveLength(1);
  });
});

describe('requests', () => {
  it('are refused with what to use instead', async () => {
    const { client } = makeClient();
    // @ts-expect-error -- it does not compile either
    const sent = client.send('sum', [1, 2]);
    await expect(firstValueFrom(sent)).rejects.toBeInstanceOf(MessagePatternUnsupportedError);
  });
});

describe('connecting', () => {
  it('happens with the first event, and once', async () => {
    const { client, drivers } = makeClient();
    expect(drivers).toHaveLength(0);
    await Promise.all([client.emitAsync('a', 1), client.emitAsync('a', 2), client.connect(), client.connect()]);
    expect(drivers.map(({ calls }) => calls.connect)).toEqual([1]);
  });

  it('starts when the application has started, without holding it up', async () => {
    const { client, drivers } = makeClient({}, { connectsAtOnce: false });
    client.onApplicationBootstrap();
    expect(drivers).toHaveLength(1);
    drivers[0]!.completeConnect();
    await client.connect();
  });

  it('that fails rejects connect() and what was emitted meanwhile, and the next event tries again', async () => {
    const { client, drivers } = makeClient({}, { connectsAtOnce: false, acksAtOnce: true });
    const [connecting, emitting] = [client.connect(), client.emitAsync('a', 1)];
    const cause = new ConnectTimeoutError(['nats://127.0.0.1:4222'], 60_000);
    await nextTurn();
    drivers[0]!.failConnect(cause);
    await expect(connecting).rejects.toBe(cause);
    await expect(emitting).rejects.toMatchObject({ code: 'STAN_NOT_CONNECTED', mayBeStored: false, cause });
    await eventually(() => drivers[0]!.calls.close === 1);
    expect(await firstValueFrom(client.status)).toBe('disconnected');
    const again = client.emitAsync('a', 2);
    await nextTurn();
    drivers[1]!.completeConnect();
    expect(await again).toMatchObject({ subject: 'a' });
  });

  it('without a broker lets an event run out of its own time first', async () => {
    const { client } = makeClient({ publishTimeoutMs: 10 }, { connectsAtOnce: false });
    await expect(client.emitAsync('a', 1)).rejects.toBeInstanceOf(PublishTimeoutError);
    await client.close();
  });

  it('that was given up later refuses events, until connect() opens a new one', async () => {
    const { client, drivers } = makeClient();
    await client.connect();
    drivers[0]!.giveUp();
    await expect(client.emitAsync('a', 1)).rejects.toBeInstanceOf(NotConnectedError);
    await client.connect();
    await client.emitAsync('a', 2);
    expect(drivers).toHaveLength(2);
    expect(drivers[0]!.listenerCount).toBe(0);
  });

  it('is refused with the name of an option that is wrong', () => {
    expect(() => new ClientStan({ clusterId: 'c', clientId: 'bad id' })).toThrow(InvalidOptionError);
  });
});

describe('status and events', () => {
  it('follow the connection', async () => {
    const { client, drivers } = makeClient();
    const seen: StanStatus[] = [];
    client.status.subscribe((status) => seen.push(status));
    const told: string[] = [];
    client.on('sessionLost', ({ error }) => told.push(error.code));
    client.on('sessionRestored', ({ attempts }) => told.push(`restored after ${attempts}`));
    await client.connect();
    drivers[0]!.loseSession();
    drivers[0]!.restoreSession();
    await client.close();
    expect(seen).toEqual(['connecting', 'connected', 'reconnecting', 'connected', 'closed']);
    expect(told).toEqual(['STAN_SESSION_LOST', 'restored after 1']);
  });

  it('unwrap() gives the client of the session, and throws without one', async () => {
    const { client } = makeClient();
    expect(() => client.unwrap()).toThrow(NotConnectedError);
    await client.connect();
    expect(client.unwrap()).toEqual({ fakeSession: 1 });
  });

  it('a listener that throws is logged and stops nothing', async () => {
    const { client, publishErrors } = makeClient();
    client.on('publishError', () => {
      throw new Error('listener');
    });
    client.emit('a b', 1);
    await nextTurn();
    expect(publishErrors).toHaveLength(1);
    expect(errorLines()).toHaveLength(2);
  });
});

describe('close', () => {
  it('lets what was emitted have its outcome, then closes the driver', async () => {
    const { client, drivers } = makeClient({}, { acksAtOnce: false });
    await client.connect();
    const emitted = client.emitAsync('a', 1);
    const closing = client.close();
    await nextTurn();
    expect(drivers[0]!.calls.close).toBe(0);
    drivers[0]!.openAttempts[0]!.ack();
    expect(await emitted).toMatchObject({ subject: 'a' });
    await closing;
    expect(drivers[0]!.calls.close).toBe(1);
    expect(drivers[0]!.listenerCount).toBe(0);
  });

  it('rejects what has no outcome after drainTimeoutMs, and says so', async () => {
    const { client } = makeClient({ drainTimeoutMs: 10 }, { acksAtOnce: false });
    await client.connect();
    const emitted = client.emitAsync('a', 1);
    const rejected = expect(emitted).rejects.toMatchObject({ code: 'STAN_CLOSED', mayBeStored: true });
    await client.close();
    await rejected;
    expect(logger.lines.some(({ text }) => text.includes('1 publishes pending'))).toBe(true);
  });

  it('refuses what is emitted from then on, without opening anything', async () => {
    const { client, drivers } = makeClient();
    const closing = client.close();
    await expect(client.emitAsync('a', 1)).rejects.toBeInstanceOf(StanClosedError);
    await closing;
    await expect(client.emitAsync('a', 1)).rejects.toBeInstanceOf(StanClosedError);
    client.onApplicationBootstrap();
    expect(drivers).toHaveLength(0);
    expect(await firstValueFrom(client.status)).toBe('closed');
  });

  it('is idempotent, and during connect() it ends that with StanClosedError', async () => {
    const { client, drivers } = makeClient({}, { connectsAtOnce: false });
    const connecting = client.connect();
    const rejected = expect(connecting).rejects.toBeInstanceOf(StanClosedError);
    await nextTurn();
    await Promise.all([client.close(), client.close(), client.onApplicationShutdown()]);
    await rejected;
    expect(drivers[0]!.calls.close).toBe(1);
    expect(await firstValueFrom(client.status)).toBe('closed');
  });

  it('can be followed by connect(), which opens the client again', async () => {
    const { client, drivers } = makeClient();
    await client.emitAsync('a', 1);
    await client.close();
    await client.connect();
    await client.emitAsync('a', 2);
    expect(drivers).toHaveLength(2);
    await client.close();
  });

  it('stands where connect() was called before it and is not done', async () => {
    const { client, drivers } = makeClient();
    await client.connect();
    drivers[0]!.giveUp();
    const [connecting, closing] = [client.connect(), client.close()];
    await expect(connecting).rejects.toBeInstanceOf(StanClosedError);
    await closing;
    expect(drivers.every(({ calls }) => calls.close > 0)).toBe(true);
  });
});

describe('serializers and hooks', () => {
  it('a plugged-in serializer gets the packet and makes the payload', async () => {
    const packets: unknown[] = [];
    const serializer = { serialize: (packet: unknown) => (packets.push(packet), Buffer.from('bytes')) };
    const { client, sent } = makeClient({ serializer });
    await client.emitAsync('a', { id: 1 });
    expect(packets).toEqual([{ pattern: 'a', data: { id: 1 } }]);
    expect(sent()).toEqual(['bytes']);
  });

  it('asynchronous serializers keep the order of the events, whichever is done first', async () => {
    const slow = latch<string>();
    const serializer = { serialize: (packet: unknown) => ((packet as ReadPacket).data === 1 ? slow.promise : 'fast') };
    const { client, sent } = makeClient({ serializer });
    const both = [client.emitAsync('a', 1), client.emitAsync('a', 2)];
    await nextTurn();
    expect(sent()).toEqual([]);
    slow.open('slow');
    await Promise.all(both);
    expect(sent()).toEqual(['slow', 'fast']);
  });

  it('an asynchronous serializer that fails rejects its own event alone', async () => {
    const serializer = {
      serialize: async (packet: unknown) => {
        if ((packet as ReadPacket).data === 1) throw new Error('no');
        return 'yes';
      },
    };
    const { client, sent } = makeClient({ serializer });
    const [first, second] = [client.emitAsync('a', 1), client.emitAsync('a', 2)];
    await expect(first).rejects.toBeInstanceOf(SerializationFailedError);
    await second;
    expect(sent()).toEqual(['yes']);
  });

  it('close() rejects what a serializer never finishes', async () => {
    const serializer = { serialize: () => latch<string>().promise };
    const { client } = makeClient({ serializer, drainTimeoutMs: 10 });
    const rejected = expect(client.emitAsync('a', 1)).rejects.toBeInstanceOf(StanClosedError);
    await client.close();
    await rejected;
  });

  it('the dispatch hook sees each packet, and its metadata reaches the serializer', async () => {
    const packets: unknown[] = [];
    const { client } = makeClient({ serializer: { serialize: (packet) => (packets.push(packet), 'x') } });
    client.setOnDispatchHook((packet) => Object.assign(packet, { metadata: { trace: '1' } }));
    await client.emitAsync('a', 1);
    expect(packets).toEqual([{ pattern: 'a', data: 1, metadata: { trace: '1' } }]);
  });

  it('a dispatch hook that throws fails the event', async () => {
    const { client } = makeClient();
    client.setOnDispatchHook(() => {
      throw new Error('hook');
    });
    await expect(client.emitAsync('a', 1)).rejects.toThrow('hook');
  });
});

describe('as customClass of ClientsModule', () => {
  it('takes the raw options', () => {
    const options = { clusterId: 'c', clientId: 'tickets-0' };
    expect(ClientProxyFactory.create({ customClass: ClientStan, options })).toBeInstanceOf(ClientStan);
  });
});
