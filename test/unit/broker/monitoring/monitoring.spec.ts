import type { StanBroker, StanBrokerOptions } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';

import { StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

async function startMonitored(options: StanBrokerOptions = {}): Promise<StanBroker> {
  return startBroker({ monitoringPort: 0, ...options });
}

async function page(broker: StanBroker, path: string): Promise<{ status: number; type: string | null; body: string }> {
  const response = await fetch(`${broker.monitoringUrl}${path}`);
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

async function json(broker: StanBroker, path: string): Promise<Record<string, unknown>> {
  const { status, type, body } = await page(broker, path);
  expect([status, type]).toEqual([200, 'application/json']);
  return JSON.parse(body) as Record<string, unknown>;
}

describe('/streaming/serverz', () => {
  it('has the fields of the real server, in its order', async () => {
    const broker = await startMonitored();
    const peer = await StanPeer.connected('a', broker);
    await peer.subscribe('x');
    await peer.publish('x', 'hello');
    const serverz = await json(broker, '/streaming/serverz');
    const linuxOnly = ['open_fds', 'max_fds'];
    expect(Object.keys(serverz).filter((field) => !linuxOnly.includes(field))).toEqual(
      (
        'cluster_id server_id version go state now start_time uptime clients subscriptions channels ' +
        'total_msgs total_bytes in_msgs in_bytes out_msgs out_bytes'
      ).split(' '),
    );
    expect(serverz).toMatchObject({
      cluster_id: 'test-cluster',
      version: '0.25.6',
      state: 'STANDALONE',
      clients: 1,
      subscriptions: 1,
      channels: 1,
      total_msgs: 1,
      in_msgs: 1,
      out_msgs: 1,
    });
  });

  it('tells the time it has been up by the clock of the broker', async () => {
    const broker = await startMonitored({ heartbeatIntervalMs: 86_400_000 });
    await broker.advance('26h');
    expect((await json(broker, '/streaming/serverz'))['uptime']).toMatch(/^1d2h0m\d+s$/);
  });
});

describe('/streaming/storez', () => {
  it('tells limits in the units of the real server', async () => {
    const broker = await startMonitored({ limits: { maxAgeMs: 1_500, channels: { 'a.*': { maxMessages: 5 } } } });
    expect(await json(broker, '/streaming/storez')).toMatchObject({
      type: 'MEMORY',
      limits: {
        max_channels: 100,
        max_msgs: 1_000_000,
        max_bytes: 1_024_000_000,
        max_age: 1_500_000_000,
        max_subscriptions: 1_000,
        max_inactivity: 0,
        channels: { 'a.*': { max_msgs: 5, max_age: 1_500_000_000 } },
      },
      total_msgs: 0,
      total_bytes: 0,
    });
  });
});

describe('/streaming/channelsz', () => {
  it('lists names, in pages', async () => {
    const broker = await startMonitored();
    const peer = await StanPeer.connected('a', broker);
    for (const channel of ['c', 'a', 'b']) await peer.publish(channel);
    expect(await json(broker, '/streaming/channelsz')).toMatchObject({
      count: 3,
      total: 3,
      limit: 1_024,
      names: ['a', 'b', 'c'],
    });
    expect(await json(broker, '/streaming/channelsz?offset=1&limit=1')).toMatchObject({
      count: 1,
      total: 3,
      offset: 1,
      names: ['b'],
    });
    expect(await json(broker, '/streaming/channelsz?offset=9&limit=-1')).not.toHaveProperty('names');
  });

  it('shows a channel with its subscriptions, offline durables included', async () => {
    const broker = await startMonitored();
    const peer = await StanPeer.connected('a', broker);
    await peer.publishAll('x', 2);
    const plain = await peer.subscribe('x', { maxInFlight: 1, ackWaitSecs: 7 });
    const durable = await peer.subscribe('x', { durableName: 'd' });
    const group = await peer.subscribe('x', { durableName: 'd', queueGroup: 'q' });
    await durable.close();
    await group.close();
    const channel = await json(broker, '/streaming/channelsz?channel=x&subs=1');
    const bytes = channel['bytes'];
    expect(channel).toEqual({
      name: 'x',
      msgs: 2,
      bytes,
      first_seq: 1,
      last_seq: 2,
      subs_count: 3,
      subscriptions: [
        {
          client_id: 'a',
          inbox: plain.inbox,
          ack_inbox: plain.ackInbox,
          is_durable: false,
          is_offline: false,
          max_inflight: 1,
          ack_wait: 7,
          last_sent: 1,
          pending_count: 1,
          is_stalled: true,
        },
        expect.objectContaining({
          client_id: 'a',
          durable_name: 'd',
          is_durable: true,
          is_offline: true,
          pending_count: 2,
        }),
        expect.objectContaining({
          client_id: 'a',
          queue_name: 'd:q',
          is_durable: true,
          is_offline: true,
          last_sent: 2,
        }),
      ],
    });
    expect(await json(broker, '/streaming/channelsz?channel=x')).not.toHaveProperty('subscriptions');
    expect(await json(broker, '/streaming/channelsz?subs=1')).toMatchObject({
      channels: [{ name: 'x', subs_count: 3 }],
    });
  });

  it('does not know a channel that is not there', async () => {
    const broker = await startMonitored();
    expect(await page(broker, '/streaming/channelsz?channel=x')).toMatchObject({
      status: 404,
      body: 'Channel x not found\n',
    });
  });
});

describe('/streaming/clientsz', () => {
  it('lists clients with their subscriptions by channel', async () => {
    const broker = await startMonitored();
    const [a, b] = [await StanPeer.connected('a', broker), await StanPeer.connected('b', broker)];
    await b.subscribe('x');
    expect(await json(broker, '/streaming/clientsz')).toMatchObject({
      count: 2,
      total: 2,
      clients: [
        { id: 'a', hb_inbox: a.heartbeatInbox, subs_count: 0 },
        { id: 'b', hb_inbox: b.heartbeatInbox, subs_count: 1 },
      ],
    });
    const one = await json(broker, '/streaming/clientsz?client=b&subs=1');
    expect(one).toMatchObject({ id: 'b', subscriptions: { x: [{ client_id: 'b' }] } });
    expect(await page(broker, '/streaming/clientsz?client=c')).toMatchObject({
      status: 404,
      body: 'Client c not found\n',
    });
  });
});

describe('the other pages', () => {
  it('are there: health, links, and what the real server says outside a group', async () => {
    const broker = await startMonitored();
    expect(await page(broker, '/healthz')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect(await page(broker, '/streaming')).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
    expect(await page(broker, '/streaming/isFTActive')).toMatchObject({ status: 204 });
    expect(await page(broker, '/nothing')).toMatchObject({ status: 404 });
  });

  it('say that a stopped broker does not run', async () => {
    const broker = await startMonitored();
    await broker.stop();
    expect((await page(broker, '/healthz')).status).toBe(503);
    expect((await page(broker, '/streaming/serverz')).status).toBe(503);
    await broker.restart({ state: 'keep' });
    expect((await page(broker, '/healthz')).status).toBe(200);
  });
});
