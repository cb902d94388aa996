import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import type {
  DeliveryEvent,
  HandleAbout,
  ObservedConnection,
  ObservedDelivery,
  PublishAbout,
  PublishSettledEvent,
  StanTelemetry,
} from '../../../lib/index.js';
import { durableQueue, stanChannels } from '../../../lib/index.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import type { Contract } from '../../support/contract.js';
import { contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';

const moments = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

contract('the diagnostics channels', (t) => {
  it('tell a publish from its start to the ack, with headers that a subscriber may add to', async () => {
    const subject = fresh('ticket');
    const seen: Record<string, string>[] = [];
    await t.app({
      controllers: [listenerFor(subject, { startAt: 'first' }, (_d, c) => void seen.push({ ...c.getMetadata() }))],
    });
    const told = watch<PublishAbout>(stanChannels.publish, (moment, about) => {
      if (moment === 'start') about.headers.set('added', 'by a subscriber');
    });
    const client = await t.client();
    const receipt = await client.emitAsync(subject, { id: 7 }, { headers: { own: '1' } });
    await t.eventually(() => seen.length === 1);
    expect(told.map(({ moment }) => moment)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(told[3]?.about).toMatchObject({ subject, bytes: 8, receipt });
    expect(told[3]?.about.error).toBeUndefined();
    expect(seen).toEqual([{ own: '1', added: 'by a subscriber' }]);
    await expect(client.emitAsync('a b', 1)).rejects.toThrow();
    expect(told.slice(4).map(({ moment }) => moment)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(told.at(-1)?.about.error).toMatchObject({ code: 'STAN_INVALID_SUBJECT' });
  });

  it('tell each run of a handler, with what is known of its event, and its end before the ack', async () => {
    const subject = fresh('ticket');
    const { told, events } = await failOnceThenHandle(t, subject);
    expect(told.map(({ moment }) => moment)).toEqual([
      ...['start', 'end', 'error', 'asyncStart', 'asyncEnd'],
      ...['start', 'end', 'asyncStart', 'asyncEnd'],
    ]);
    expect(told[0]?.about).toMatchObject({
      ...{ subject, sequence: 1, handler: 'Listener.handle', queueGroup: 'orders', durableName: 'orders' },
      ...{ deliveries: 1, bytes: 1 },
    });
    expect(told[0]?.about.headers.get('id')).toBe('01J');
    expect(told[0]?.about.error).toMatchObject({ message: 'not yet' });
    expect(told[8]?.about).toMatchObject({ deliveries: 2 });
    expect(events.map(({ type }) => type)).toEqual(['handlerError', 'handled']);
    expect(events[1]).toMatchObject({ subject, sequence: 1, handler: 'Listener.handle', deliveries: 2, isAcked: true });
  });

  it('tell the states and events of every connection, and whose they are', async () => {
    const told: ObservedConnection[] = [];
    listen(stanChannels.connection, (event) => told.push(event as ObservedConnection));
    const client = await t.client();
    await client.close();
    expect(told.map((event) => event.type === 'status' && event.status)).toEqual(['connecting', 'connected', 'closed']);
    expect(new Set(told.map(({ clientId }) => clientId)).size).toBe(1);
  });
});

contract('listeners of on()', (t) => {
  it("hear of what went well: 'handled' with its times, 'publishSettled' with its receipt", async () => {
    const subject = fresh('ticket');
    const handled: DeliveryEvent[] = [];
    const settled: PublishSettledEvent[] = [];
    const app = await t.app({
      controllers: [listenerFor(subject, { startAt: 'first', ackMode: 'manual' }, () => undefined)],
    });
    app.server.on('handled', (event) => void handled.push(event));
    const client = await t.client();
    client.on('publishSettled', (event) => void settled.push(event));
    const receipt = await client.emitAsync(subject, 1);
    await t.eventually(() => handled.length === 1);
    expect(handled[0]).toMatchObject({
      type: 'handled',
      subject,
      sequence: 1,
      deliveries: 1,
      tries: 1,
      isAcked: false,
    });
    const { waitedMs, tookMs } = handled[0] as Extract<DeliveryEvent, { type: 'handled' }>;
    expect(Math.min(waitedMs, tookMs)).toBeGreaterThanOrEqual(0);
    expect(settled).toMatchObject([{ type: 'publishSettled', subject, bytes: 1, receipt }]);
  });
});

contract('telemetry that misbehaves', (t) => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const cases: Record<string, StanTelemetry> = {
    'throws before it runs what it wraps': { publish: boom, handle: boom, settled: boom },
    'throws after it': {
      publish: (_about, _headers, run) => [run(), boom()][0] as never,
      handle: (_about, _headers, run) => [run(), boom()][0] as never,
    },
    'runs it twice': {
      publish: (_about, _headers, run) => [run(), run()][0] as never,
      handle: (_about, _headers, run) => [run(), run()][0] as never,
    },
    'never runs it, and returns nothing': { publish: () => undefined as never, handle: () => undefined as never },
    'adds what is no header, and more than there is room for': {
      publish: (_about, headers, run) => {
        headers
          .set('No Header', 'x')
          .set('baggage', 'x'.repeat(9_000))
          .set('seven', 7 as never);
        return run();
      },
      handle: (_about, _headers, run) => run(),
    },
  };

  describe.each(Object.entries(cases))('and %s', (_name, telemetry) => {
    it('changes nothing: each event goes out once, with its own headers, and is handled once', async () => {
      const subject = fresh('ticket');
      const seen: object[] = [];
      const listener = listenerFor(
        subject,
        durableQueue('orders'),
        (data, c) => void seen.push([data, c.getMetadata()]),
      );
      await t.app({ controllers: [listener], server: { telemetry } });
      const client = await t.client({ telemetry });
      await client.emitAsync(subject, 1, { id: 'a' });
      await client.emitAsync(subject, 2);
      await t.eventually(async () => seen.length === 2 && (await t.broker.facts.pendingCount(subject)) === 0);
      expect(seen).toEqual([
        [1, { id: 'a' }],
        [2, undefined],
      ]);
    });
  });
});

interface Told<About> {
  readonly moment: (typeof moments)[number];
  readonly about: About;
}

function watch<About extends object>(
  name: string,
  onMoment: (moment: Told<About>['moment'], about: About) => void = () => undefined,
): Told<About>[] {
  const told: Told<About>[] = [];
  const subscribers = Object.fromEntries(
    moments.map((moment) => [
      moment,
      (about: About) => {
        told.push({ moment, about });
        onMoment(moment, about);
      },
    ]),
  ) as unknown as Parameters<ReturnType<typeof tracingChannel<About, About>>['subscribe']>[0];
  const tracing = tracingChannel<About, About>(name);
  tracing.subscribe(subscribers);
  cleanUpAfterTest(() => tracing.unsubscribe(subscribers));
  return told;
}

function listen(name: string, onMessage: (message: unknown) => void): void {
  subscribe(name, onMessage);
  cleanUpAfterTest(() => unsubscribe(name, onMessage));
  expect(channel(name).hasSubscribers).toBe(true);
}

async function failOnceThenHandle(t: Contract, subject: string) {
  const told = watch<HandleAbout>(stanChannels.handle);
  const events: ObservedDelivery[] = [];
  listen(stanChannels.delivery, (event) => events.push(event as ObservedDelivery));
  let tries = 0;
  const listener = listenerFor(subject, { ...durableQueue('orders'), ackWaitMs: 1_000 }, () => {
    tries += 1;
    if (tries === 1) throw new Error('not yet');
  });
  await t.app({ controllers: [listener] });
  await (await t.client()).emitAsync(subject, 1, { id: '01J' });
  await t.eventually(() => events.length === 2, { timeoutMs: 10_000 });
  return { told, events };
}
