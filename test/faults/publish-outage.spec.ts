import { expect, it } from 'vitest';
import { contract, emitAll, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually, quietFor } from '../support/wait.js';
import { startLoad } from './load.js';

const reconnect = { initialDelayMs: 50, maxDelayMs: 200 };

contract(
  'publishing during an outage',
  (t) => {
    const storedIds = async (subject: string) => {
      const messages = await (await t.rawClient()).readAll(subject);
      const count = await t.broker.facts.storedCount(subject);
      await eventually(() => messages.length >= count, { what: 'what is stored' });
      return messages.map((message) => JSON.parse(message.getRawData().toString()) as number);
    };

    it('F45 waits, and is stored in the order of the calls once the server is back', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect });
      await client.emitAsync(subject, -1);
      proxy.refuse();
      const publishing = emitAll(client, subject, upTo(3_000));
      await eventually(() => proxy.acceptedCount > 3, { what: 'attempts to connect' });
      expect(await t.broker.facts.storedCount(subject)).toBe(1);
      proxy.restore();
      await publishing;
      expect(await storedIds(subject)).toEqual([-1, ...upTo(3_000)]);
    });

    it('F45 rejects at once what the buffer cannot hold, and nothing else', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect, maxPendingPublishBytes: 10_000 });
      proxy.refuse();
      const outcomes = upTo(100).map((id) =>
        client.emitAsync(subject, id).then(
          () => 'stored' as const,
          (error: unknown) => error as { code: string; mayBeStored?: boolean },
        ),
      );
      const overflow = await Promise.race(outcomes.slice(-1));
      expect(overflow).toMatchObject({ code: 'STAN_PUBLISH_BUFFER_FULL' });
      proxy.restore();
      const settled = await Promise.all(outcomes);
      const stored = upTo(100).filter((id) => settled[id] === 'stored');
      expect(stored.length).toBeGreaterThan(10);
      expect(stored).toEqual(upTo(stored.length));
      expect(new Set(settled.filter((one) => one !== 'stored').map(({ code }) => code))).toEqual(
        new Set(['STAN_PUBLISH_BUFFER_FULL']),
      );
      expect(await storedIds(subject)).toEqual(stored);
    });

    it('F45 rejects at its deadline what was not sent, and does not send it afterwards', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect, publishTimeoutMs: 300 });
      proxy.refuse();
      await eventually(() => proxy.acceptedCount > 1, { what: 'the cut' });
      await expect(client.emitAsync(subject, 1)).rejects.toMatchObject({
        code: 'STAN_PUBLISH_TIMEOUT',
        attempts: 0,
        mayBeStored: false,
      });
      proxy.restore();
      await eventually(() => client.emitAsync(subject, 2), { what: 'a publish' });
      expect(await storedIds(subject)).toEqual([2]);
    });

    it('F45 says of what was sent without an answer that it may be stored', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect, publishTimeoutMs: 300 });
      await eventually(() => client.emitAsync(subject, 0), { what: 'the channel' });
      proxy.swallow('toClient');
      await expect(client.emitAsync(subject, 1)).rejects.toMatchObject({
        code: 'STAN_PUBLISH_TIMEOUT',
        attempts: 1,
        mayBeStored: true,
      });
      expect((await storedIds(subject)).slice(-1)).toEqual([1]);
      proxy.restore();
    });

    it('F45 tells by attempts where an answer was lost, so that the event may be stored twice', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect });
      await client.emitAsync(subject, 0);
      proxy.swallow('toClient');
      const publishing = client.emitAsync(subject, 1);
      await eventually(async () => expect(await t.broker.facts.storedCount(subject)).toBe(2));
      await eventually(() => proxy.hasLostBytes, { what: 'the answer to be lost' });
      proxy.restore();
      expect(await publishing).toMatchObject({ subject, attempts: 2 });
      expect(await storedIds(subject)).toEqual(t.broker.features.dedup ? [0, 1] : [0, 1, 1]);
    });

    it('F45 is sent once the network is sound where nothing was known of its channel before', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect, connectTimeoutMs: 500, pingIntervalMs: 1_000 });
      proxy.swallow('toClient');
      const publishing = emitAll(client, subject, upTo(100));
      await quietFor(1_200);
      proxy.restore();
      await publishing;
      const stored = await storedIds(subject);
      expect([...new Set(stored)]).toEqual(upTo(100));
      if (t.broker.features.dedup) expect(stored).toEqual(upTo(100));
    });

    // The vendor answers for its open publishes with the text of the ping that ended the session, before it tells that the
    // session has ended. Taken for the server's own refusal, it denied events that were stored.
    if (t.name === 'embedded') {
      it('F45 takes the end of a session for no refusal of what is under way in it', async () => {
        const subject = fresh('orders');
        const clientId = fresh('publisher');
        const client = await t.client({ clientId, reconnect, pingIntervalMs: 1_000 });
        const faults = t.broker.embedded!.faults;
        const lostAck = faults.drop('publishAck', { clientId, times: 1 });
        const publishing = client.emitAsync(subject, 1);
        await eventually(() => lostAck.hits === 1, { what: 'the lost ack' });
        expect(faults.forgetClient(clientId)).toBe(true);
        expect(await publishing).toMatchObject({ subject, attempts: 2 });
        expect(await storedIds(subject)).toEqual([1, 1]);
      });
    }

    it.each([
      ['the NATS client may reconnect once', { maxReconnectAttempts: 1, reconnectTimeWait: 50 }],
      ['the NATS client may not reconnect', { reconnect: false }],
      ['the NATS client reconnects forever', {}],
    ])('A5 never takes an end of the connection for success: %s', async (_, connection) => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect, connection });
      const load = startLoad(client, subject, { count: 5_000, width: 500 });
      await eventually(() => load.resolved.length > 500, { what: 'the load', intervalMs: 1 });
      proxy.swallow('toServer');
      proxy.refuse();
      await eventually(() => proxy.acceptedCount > 3, { what: 'attempts to connect' });
      proxy.restore();
      await load.done;
      expect(load.rejected).toEqual([]);
      const stored = await storedIds(subject);
      expect(new Set(stored)).toEqual(new Set(load.resolved));
    });

    it.each([
      ['the NATS client may reconnect once', { maxReconnectAttempts: 1, reconnectTimeWait: 50 }],
      ['the NATS client may not reconnect', { reconnect: false }],
      ['the NATS client reconnects forever', {}],
    ])('A5 closes in an outage with an honest outcome for each of 10 000 publishes: %s', async (_, connection) => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect, connection, drainTimeoutMs: 300 });
      const load = startLoad(client, subject, { count: 10_000, width: 10_000 });
      await eventually(() => load.resolved.length > 500, { what: 'the load', intervalMs: 1 });
      proxy.refuse();
      await client.close();
      await load.done;
      const stored = new Set(await storedIds(subject));
      expect(load.resolved.filter((id) => !stored.has(id))).toEqual([]);
      const denied = load.rejected.filter(({ error }) => !(error as { mayBeStored?: boolean }).mayBeStored);
      expect(denied.filter(({ id }) => stored.has(id))).toEqual([]);
      expect(load.resolved.length + load.rejected.length).toBe(10_000);
      expect(new Set(load.rejected.map(({ error }) => error.code))).toEqual(new Set(['STAN_CLOSED']));
    });
  },
  { clock: 'real' },
);
