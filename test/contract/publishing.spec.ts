import { Logger } from '@nestjs/common';
import type { ClientStan, PublishReceipt } from 'nestjs-stan';
import { PayloadTooLargeError, PublishBufferFullError, StanError, uniqueClientId } from 'nestjs-stan';
import type { Stan } from 'node-nats-streaming';
import { describe, expect, it } from 'vitest';
import type { Contract } from '../support/contract.js';
import { contract, listenerFor, Recorder, upTo } from '../support/contract.js';
import { freePort } from '../support/free-port.js';
import { fresh } from '../support/fresh.js';
import { collectingLogger, startUnconnectedClient } from '../support/stan-app.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually, nextTurn, quietFor } from '../support/wait.js';

/** Sends the data as it is, so that a test says every byte. */
const asItIs = { serialize: (packet: unknown) => (packet as { data: Buffer }).data };

interface Outcome {
  readonly id: number;
  readonly receipt?: PublishReceipt;
  readonly error?: StanError;
}

/** Emits the ids at once, and says what became of each. */
function emitIds(client: ClientStan, subject: string, ids: readonly number[]): Promise<Outcome>[] {
  return ids.map((id) =>
    client.emitAsync(subject, id).then(
      (receipt): Outcome => ({ id, receipt }),
      (error: unknown): Outcome => ({ id, error: error as StanError }),
    ),
  );
}

/** The ids that the channel holds, in the order of storing. */
async function storedIds(t: Contract, subject: string): Promise<number[]> {
  const expected = await t.broker.facts.storedCount(subject);
  const messages = expected === 0 ? [] : await (await t.rawClient()).readAll(subject);
  await eventually(() => messages.length === expected, { what: `${expected} stored messages`, timeoutMs: 30_000 });
  return messages.map((message) => Number(message.getRawData().toString()));
}

/** What holds whatever the network did: told as stored means stored, told as not stored means not. */
function expectHonest(outcomes: readonly Outcome[], stored: readonly number[]): void {
  const held = new Set(stored);
  const lost = outcomes.filter(({ id, receipt }) => receipt !== undefined && !held.has(id));
  const doubted = outcomes.filter(({ id, error }) => error !== undefined && !mayBeStored(error) && held.has(id));
  expect({ lost, doubted }).toEqual({ lost: [], doubted: [] });
  for (const { error } of outcomes) if (error !== undefined) expect(error).toBeInstanceOf(StanError);
}

function mayBeStored(error: StanError): boolean {
  return 'mayBeStored' in error && error.mayBeStored === true;
}

contract('publishing', (t) => {
  it.each<[string, Buffer]>([
    ['no bytes at all', Buffer.alloc(0)],
    ['one zero byte', Buffer.from([0])],
    ['every byte there is', Buffer.from(upTo(256))],
    ['unicode', Buffer.from('zażółć 漢字 🎟️ \u0000 end', 'utf8')],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x80, 0xc3, 0x28])],
    ['line ends of the NATS protocol', Buffer.from('\r\nPUB x 0\r\n\r\n')],
  ])('A2 stores %s as they are', async (_what, bytes) => {
    const subject = fresh('bytes');
    await (await t.client({ serializer: asItIs })).emitAsync(subject, bytes);
    const messages = await (await t.rawClient()).readAll(subject);
    await eventually(() => messages.length === 1);
    expect(Buffer.from(messages[0]!.getRawData())).toEqual(bytes);
  });

  it('A2 hands JSON null, numbers, strings and unicode to the handler as they were emitted', async () => {
    const subject = fresh('json');
    const values = [null, 0, -1.5, '', 'zażółć 漢字 🎟️', true, [], {}, [null], { a: { b: [1, '2', null] } }];
    const recorder = new Recorder();
    const listener = listenerFor(subject, { startAt: 'first' }, (data, context) => recorder.add(data, context));
    await t.app({ controllers: [listener] });
    const client = await t.client();
    for (const value of values) await client.emitAsync(subject, value);
    await eventually(() => expect(recorder.data).toEqual(values));
  });

  it('A2 takes what the server takes to the last byte; one more is refused, stores nothing and harms nothing', async () => {
    const subject = fresh('large');
    const client = await t.client({ serializer: asItIs });
    const limitBytes = await client.emitAsync(subject, Buffer.alloc(2_000_000)).then(
      () => 0,
      (error: unknown) => (error as PayloadTooLargeError).limitBytes,
    );
    expect(limitBytes).toBeGreaterThan(1_000_000);

    const [largest, tooLarge, next] = [limitBytes, limitBytes + 1, 1].map((size) =>
      client.emitAsync(subject, Buffer.alloc(size, 'x')),
    );
    await expect(tooLarge).rejects.toBeInstanceOf(PayloadTooLargeError);
    expect((await largest!).attempts).toBe(1);
    expect((await next!).attempts).toBe(1);
    const messages = await (await t.rawClient()).readAll(subject);
    await eventually(() => messages.length === 2);
    expect(messages.map((message) => message.getRawData().length)).toEqual([limitBytes, 1]);
  });

  it('A5 close() during 10 000 publishes lets each have an outcome that is true', async () => {
    const subject = fresh('closing');
    const client = await t.client();
    const outcomes = emitIds(client, subject, upTo(10_000));
    await Promise.race(outcomes);
    await client.close();
    const told = await Promise.all(outcomes);
    expect(told.filter(({ receipt }) => receipt !== undefined)).toHaveLength(10_000);
    expectHonest(told, await storedIds(t, subject));
  });

  it('A5 close() that runs out of drainTimeoutMs rejects the rest, and says which may be stored', async () => {
    const subject = fresh('closing');
    const proxy = await startTcpProxy(() => t.broker.port);
    const client = await t.client({ servers: proxy.url, drainTimeoutMs: 300, maxPublishInFlight: 100 });
    await client.emitAsync(subject, 0);
    proxy.swallow('toClient');
    const outcomes = emitIds(client, subject, upTo(1_000).slice(1));
    await eventually(async () => (await t.broker.facts.storedCount(subject)) === 101);
    await client.close();
    const told = await Promise.all(outcomes);
    expect(told.every(({ error }) => error?.code === 'STAN_CLOSED')).toBe(true);
    expect(told.filter(({ error }) => mayBeStored(error!))).toHaveLength(100);
    expectHonest(told, await storedIds(t, subject));
  });

  it.each([{ maxReconnectAttempts: 1 }, { reconnect: false }])(
    'A5 the loss of the server during 10 000 publishes counts as success for none, with a client that has %j',
    async (connection) => {
      const subject = fresh('killed');
      const client = await t.client({ connection, publishTimeoutMs: 1_500, drainTimeoutMs: 500 });
      const outcomes = emitIds(client, subject, upTo(10_000));
      await Promise.race(outcomes);
      await t.broker.kill();
      const told = await Promise.all(outcomes);
      await client.close();
      await t.broker.restart({ state: 'kept' });
      expect(told.some(({ error }) => error !== undefined)).toBe(true);
      expectHonest(told, await storedIds(t, subject));
    },
  );

  it('A5 goes on by itself after the server was killed and is back, with a client that does not reconnect', async () => {
    const subject = fresh('back');
    const client = await t.client({
      connection: { reconnect: false },
      reconnect: { initialDelayMs: 50, maxDelayMs: 200 },
    });
    const outcomes = emitIds(client, subject, upTo(10_000));
    await Promise.race(outcomes);
    await t.broker.kill();
    await t.broker.restart({ state: 'kept' });
    const told = await Promise.all(outcomes);
    expect(told.filter(({ error }) => error !== undefined)).toEqual([]);
    const stored = await storedIds(t, subject);
    expectHonest(told, stored);
    // First copies are in the order of emitting.
    expect([...new Set(stored)]).toEqual(upTo(10_000));
  });

  it('A7 never has more publishes without an ack on the server than maxPublishInFlight', async () => {
    const subject = fresh('window');
    const proxy = await startTcpProxy(() => t.broker.port);
    const client = await t.client({ servers: proxy.url, maxPublishInFlight: 50 });
    // The channel is there before the network is bad.
    await client.emitAsync(subject, -1);
    proxy.delay(60_000, 'toClient');
    const outcomes = emitIds(client, subject, upTo(500));
    await eventually(async () => (await t.broker.facts.storedCount(subject)) === 51);
    await quietFor(300);
    expect(await t.broker.facts.storedCount(subject)).toBe(51);
    // Cuts what is delayed: what was not acked is sent again, and stored again by a broker that does not know it.
    proxy.delay(0, 'toClient');
    proxy.cut();
    const told = await Promise.all(outcomes);
    const stored = await storedIds(t, subject);
    expectHonest(told, stored.slice(1));
    expect(told.filter(({ receipt }) => receipt?.attempts === 1)).toHaveLength(450);
    expect(told.filter(({ receipt }) => receipt?.duplicate === true)).toHaveLength(t.broker.features.dedup ? 50 : 0);
    expect(stored).toEqual([-1, ...(t.broker.features.dedup ? [] : upTo(50)), ...upTo(500)]);
  });

  it('A7 stores 100 000 events that are emitted at once, each once and in order', async () => {
    const subject = fresh('burst');
    const client = await t.client({ publishTimeoutMs: 60_000 });
    const told = await Promise.all(emitIds(client, subject, upTo(100_000)));
    expect(told.filter(({ receipt }) => receipt?.attempts !== 1)).toEqual([]);
    expect(new Set(told.map(({ receipt }) => receipt?.guid)).size).toBe(100_000);
    expect(await storedIds(t, subject)).toEqual(upTo(100_000));
  });

  t.only(
    'stanWire',
    'A7 keeps its order with what a user publishes by unwrap(), whose acks reach the user',
    async () => {
      const subject = fresh('unwrapped');
      const client = await t.client();
      const native = client.unwrap<Stan>();
      const acked: [unknown, string | undefined][] = [];
      const guids: string[] = [];
      const told: Promise<Outcome>[] = [];
      for (const id of upTo(300)) {
        if (id % 3 === 0) guids.push(native.publish(subject, String(id), (...ack) => void acked.push(ack)));
        else told.push(...emitIds(client, subject, [id]));
      }
      const outcomes = await Promise.all(told);
      await eventually(() => acked.length === 100);
      expect(acked).toEqual(guids.map((guid) => [undefined, guid]));
      expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
      expect(await storedIds(t, subject)).toEqual(upTo(300));
    },
  );

  t.only('stanWire', 'A5 close() tells a user of unwrap() what became of the publishes made there', async () => {
    const subject = fresh('unwrapped');
    const proxy = await startTcpProxy(() => t.broker.port);
    const client = await t.client({ servers: proxy.url, drainTimeoutMs: 100 });
    await client.emitAsync(subject, 0);
    proxy.delay(60_000, 'toClient');
    const acked: unknown[] = [];
    client.unwrap<Stan>().publish(subject, '1', (error) => void acked.push(error));
    const told = emitIds(client, subject, [2]);
    await client.close();
    expect(acked).toEqual([expect.any(Error)]);
    expect((await told[0])?.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: true });
  });

  it('A7 rejects what the buffer does not hold and stores exactly the rest', async () => {
    const subject = fresh('overflow');
    const client = await t.client({ maxPendingPublishBytes: 100_000 });
    const told = await Promise.all(emitIds(client, subject, upTo(1_000)));
    const taken = told.filter(({ receipt }) => receipt !== undefined).map(({ id }) => id);
    expect(taken.length).toBeGreaterThan(100);
    expect(taken.length).toBeLessThan(1_000);
    for (const { error } of told) if (error !== undefined) expect(error).toBeInstanceOf(PublishBufferFullError);
    expect(await storedIds(t, subject)).toEqual(taken);
    await client.emitAsync(subject, 1_000);
  });
});

describe('publishing without a broker', () => {
  const options = async () => ({
    clusterId: 'test-cluster',
    servers: `nats://127.0.0.1:${await freePort()}`,
    reconnect: { initialDelayMs: 20, maxDelayMs: 50, firstConnectTimeoutMs: 200 },
  });

  it('A6 rejects emitAsync() and connect() once firstConnectTimeoutMs is over', async () => {
    const client = startUnconnectedClient({ ...(await options()), clientId: uniqueClientId('tickets') });
    const [connecting, emitting] = await Promise.allSettled([client.connect(), client.emitAsync('ticket:created', 1)]);
    expect(connecting).toMatchObject({ status: 'rejected', reason: expect.any(StanError) as StanError });
    expect(emitting).toMatchObject({
      status: 'rejected',
      reason: { code: 'STAN_NOT_CONNECTED', mayBeStored: false, cause: expect.any(StanError) as StanError },
    });
  });

  it('A6 rejects an event at publishTimeoutMs where that is over first', async () => {
    const client = startUnconnectedClient({ ...(await options()), clientId: fresh('tickets'), publishTimeoutMs: 50 });
    await expect(client.emitAsync('ticket:created', 1)).rejects.toMatchObject({
      code: 'STAN_PUBLISH_TIMEOUT',
      attempts: 0,
      mayBeStored: false,
    });
  });

  it('A6 reports the failure of an emit() that nobody subscribed to, once', async () => {
    const logger = collectingLogger();
    Logger.overrideLogger(logger);
    const client = startUnconnectedClient({ ...(await options()), clientId: fresh('tickets') });
    const reports: unknown[] = [];
    client.on('publishError', (event) => reports.push(event));
    client.emit('ticket:created', { id: 1 });
    await eventually(() => reports.length > 0);
    await nextTurn();
    expect(reports).toEqual([expect.objectContaining({ pattern: 'ticket:created', data: { id: 1 } })]);
    expect(logger.lines.filter(({ text }) => text.includes('is not known to be stored'))).toHaveLength(1);
  });
});
