// The driver against a server that does what a test says: no nats-server is needed.
import { ClientStan, durableQueue, ServerStan } from 'nestjs-stan';
import { jetstream } from 'nestjs-stan/jetstream';
import { describe, expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../../support/cleanup.js';
import { listenerFor } from '../../../support/contract.js';
import { ScriptedNats } from '../../../support/scripted-nats.js';
import type { ScriptedAnswer, ScriptedPublish } from '../../../support/scripted-nats.js';
import { startStanApp } from '../../../support/stan-app.js';
import { eventually } from '../../../support/wait.js';

type Script = (publish: ScriptedPublish) => ScriptedAnswer;

const config = { name: 'orders', subjects: ['orders'] };
const notFound = (errorCode: number) => ({ error: { code: 404, err_code: errorCode, description: 'not found' } });

/** A server with one stream, whose consumers are as `consumer` says; everything else by `otherwise`. */
const withStream =
  (otherwise: Script = () => undefined): Script =>
  (publish) => {
    const { subject } = publish;
    const own = otherwise(publish);
    if (own !== undefined) return own;
    if (subject === '$JS.API.STREAM.NAMES') return { streams: ['orders'] };
    if (subject.startsWith('$JS.API.STREAM.INFO.')) return { config, created: '2026-01-01T00:00:00Z' };
    if (subject.startsWith('$JS.API.CONSUMER.INFO.')) return notFound(10_014);
    if (subject.startsWith('$JS.API.CONSUMER.CREATE.')) return { config: {}, created: '', num_ack_pending: 0 };
    return undefined;
  };

async function clientOf(nats: ScriptedNats, options: object = {}): Promise<ClientStan> {
  const client = new ClientStan({
    ...{ clientId: 'tickets', servers: nats.url, driver: jetstream(), connectTimeoutMs: 300, drainTimeoutMs: 100 },
    ...options,
  });
  cleanUpAfterTest(() => client.close());
  await client.connect();
  return client;
}

const isPublish = ({ subject }: ScriptedPublish) => subject === 'orders';
const idOf = ({ headers }: ScriptedPublish) => /Nats-Msg-Id: (\S+)/.exec(headers)?.[1];

describe('publishing', () => {
  it('looks for the stream once, and sends each event under an id of its own', async () => {
    let sequence = 0;
    const nats = await ScriptedNats.start(
      withStream((publish) => (isPublish(publish) ? { stream: 'orders', seq: (sequence += 1) } : undefined)),
    );
    const client = await clientOf(nats);
    await Promise.all([1, 2, 3].map((id) => client.emitAsync('orders', id)));
    expect(nats.subjects()).toEqual(['$JS.API.STREAM.NAMES', 'orders', 'orders', 'orders']);
    const sent = nats.publishes.filter(isPublish);
    expect(sent.map(({ data }) => data)).toEqual(['1', '2', '3']);
    expect(new Set(sent.map(idOf)).size).toBe(3);
  });

  it('makes the stream once a cluster that is still forming has its servers', async () => {
    let creates = 0;
    const forming = { error: { code: 400, err_code: 10_005, description: 'no suitable peers for placement' } };
    const nats = await ScriptedNats.start(({ subject }) => {
      if (subject === '$JS.API.STREAM.NAMES') return { streams: null };
      if (subject.startsWith('$JS.API.STREAM.INFO.')) return notFound(10_059);
      if (subject.startsWith('$JS.API.STREAM.CREATE.')) return (creates += 1) === 1 ? forming : { config, created: '' };
      return subject === 'orders' ? { stream: 'orders', seq: 1 } : undefined;
    });
    const client = await clientOf(nats);
    await client.emitAsync('orders', 1);
    expect(creates).toBe(2);
  });

  it('sends an event again under the same id where its ack does not come, and tells that it was stored before', async () => {
    let count = 0;
    const nats = await ScriptedNats.start(
      withStream((publish) => {
        if (!isPublish(publish)) return undefined;
        count += 1;
        return count === 1 ? undefined : { stream: 'orders', seq: 7, duplicate: true };
      }),
    );
    const client = await clientOf(nats, { ackTimeoutMs: 200 });
    expect(await client.emitAsync('orders', 1)).toMatchObject({ attempts: 2, duplicate: true });
    expect(new Set(nats.publishes.filter(isPublish).map(idOf)).size).toBe(1);
  });

  it('looks for the stream again, and makes it, where nobody takes the event any more', async () => {
    let isGone = false;
    let isLost = false;
    const nats = await ScriptedNats.start(
      withStream((publish) => {
        const { subject } = publish;
        if (isPublish(publish) && !isLost) {
          isLost = isGone = true;
          return { status: '503' };
        }
        if (isPublish(publish)) return { stream: 'orders', seq: 1 };
        if (subject === '$JS.API.STREAM.NAMES' && isGone) return { streams: null };
        if (subject === '$JS.API.STREAM.INFO.orders' && isGone) return notFound(10_059);
        if (subject !== '$JS.API.STREAM.CREATE.orders') return undefined;
        isGone = false;
        return { config, created: '' };
      }),
    );
    const client = await clientOf(nats, { ackTimeoutMs: 200 });
    expect(await client.emitAsync('orders', 1)).toMatchObject({ attempts: 2 });
    expect(nats.subjects()).toContain('$JS.API.STREAM.CREATE.orders');
  });

  it('rejects what the stream has no room for at once, with what the server says', async () => {
    const error = { code: 503, err_code: 10_077, description: 'maximum messages exceeded' };
    const nats = await ScriptedNats.start(withStream((publish) => (isPublish(publish) ? { error } : undefined)));
    await expect((await clientOf(nats)).emitAsync('orders', 1)).rejects.toMatchObject({
      ...{ code: 'STAN_PUBLISH_REFUSED', retryable: false, mayBeStored: false },
      message: expect.stringContaining('maximum messages exceeded') as string,
    });
  });

  it('tells of an event for which no stream was found in time that it was never sent', async () => {
    const nats = await ScriptedNats.start(() => undefined);
    const client = await clientOf(nats, { publishTimeoutMs: 1_000 });
    await expect(client.emitAsync('orders', 1)).rejects.toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT' });
    expect(nats.publishes.filter(isPublish)).toEqual([]);
  });
});

describe('subscribing', () => {
  const appOf = (nats: ScriptedNats, handle: (data: never) => unknown, options: object = {}) =>
    startStanApp({
      broker: { url: nats.url, clusterId: 'none', driver: jetstream() },
      server: { connectTimeoutMs: 300, drainTimeoutMs: 100, reconnect: { initialDelayMs: 20, maxDelayMs: 50 } },
      controllers: [listenerFor('orders', { ...durableQueue('orders'), ...options }, handle)],
    });

  const pullOf = (nats: ScriptedNats) =>
    nats.publishes.findLast(({ subject }) => subject.startsWith('$JS.API.CONSUMER.MSG.NEXT.'));

  it('takes the consumer that its own lost request has made', async () => {
    let isMade = false;
    const consumer = { ack_wait: 30e9, max_ack_pending: -1, metadata: {} };
    const nats = await ScriptedNats.start(
      withStream(({ subject }) => {
        if (subject.startsWith('$JS.API.CONSUMER.INFO.') && isMade) return { config: consumer, num_ack_pending: 0 };
        if (!subject.startsWith('$JS.API.CONSUMER.CREATE.')) return undefined;
        isMade = true;
        return 'lost';
      }),
    );
    await appOf(nats, () => undefined);
    expect(nats.subjects().filter((subject) => subject.startsWith('$JS.API.CONSUMER.CREATE.'))).toHaveLength(1);
    await eventually(() => pullOf(nats) !== undefined);
  });

  it('asks for as many as maxInFlight, acks what is handled, and asks for no more than there is room for', async () => {
    const nats = await ScriptedNats.start(withStream());
    const handled: number[] = [];
    await appOf(nats, (id: number) => (id === 2 ? new Promise(() => undefined) : handled.push(id)), { maxInFlight: 2 });
    const { reply, data } = await eventually(() => pullOf(nats) ?? false);
    expect(JSON.parse(data)).toMatchObject({ batch: 2 });
    const ackOf = (sequence: number) => `$JS.ACK.orders.c.1.${sequence}.${sequence}.1700000000000000000.0`;
    nats.send(reply, { reply: ackOf(1), data: '1' });
    nats.send(reply, { reply: ackOf(2), data: '2' });
    await eventually(() => nats.publishes.some(({ subject }) => subject === ackOf(1)), { what: 'the ack' });
    expect(handled).toEqual([1]);
    const next = await eventually(() => {
      const pull = pullOf(nats);
      return pull !== undefined && /"batch":1,/.test(pull.data) && pull;
    });
    expect(next.subject).toMatch(/\.orders\.orders_7c_orders_7c_orders$/);
    expect(nats.publishes.filter(({ subject }) => subject === ackOf(2))).toEqual([]);
  });

  it('refuses to start where the server refuses the consumer for good', async () => {
    const nats = await ScriptedNats.start(
      withStream(({ subject }) =>
        subject.startsWith('$JS.API.CONSUMER.CREATE.')
          ? { error: { code: 400, err_code: 10_093, description: 'consumer filter subject is not a valid subset' } }
          : undefined,
      ),
    );
    await expect(appOf(nats, () => undefined)).rejects.toMatchObject({
      code: 'STAN_SUBSCRIBE_FAILED',
      message: expect.stringContaining('not a valid subset') as string,
    });
  });
});

describe('without the peer', () => {
  it('is a choice that opens nothing by itself', () => {
    expect(() => new ServerStan({ clientId: 'orders', driver: jetstream() })).not.toThrow();
  });
});
