import { createServer } from 'node:net';

import { MemoryStore, StanBroker } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';

import { eventually } from '../../../support/wait.js';
import { StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('a restart that keeps its state', () => {
  it('knows clients and connections by their ids, and goes on numbering', async () => {
    const broker = await startBroker();
    const before = await StanPeer.connected('a', broker);
    await before.publishAll('x', 2);
    await broker.restart({ state: 'keep' });
    await before.nats.ended();
    const after = new StanPeer('a', broker);
    expect(await after.ping(before.connId)).toBe('');
    Object.assign(after, { connId: before.connId });
    expect(await after.publish('x')).toBe('');
    expect((await after.subscribe('x')).sequences).toEqual([1, 2, 3]);
  });

  it('sends again what was unacked, and not what was acked', async () => {
    const broker = await startBroker();
    const before = await StanPeer.connected('a', broker);
    const subscription = await before.subscribe('x', { ackWaitSecs: 5 });
    await before.publishAll('x', 3);
    subscription.ack(2);
    await before.nats.flush();
    await broker.restart({ state: 'keep' });
    const after = new StanPeer('a', broker);
    after.nats.send(`SUB ${subscription.inbox} again\r\n`);
    await after.nats.flush();
    Object.assign(subscription, { peer: after });
    await broker.advance('6s');
    expect(subscription.messages.map(({ sequence, redelivered }) => [sequence, redelivered])).toEqual([
      [1, true],
      [3, true],
    ]);
    subscription.ack(1, 3);
    await after.nats.flush();
    await broker.advance('60s');
    expect(subscription.sequences).toEqual([1, 3]);
  });

  it('gives what expired meanwhile to the member of a group that had it', async () => {
    const broker = await startBroker();
    const before = await StanPeer.connected('a', broker);
    const group = { queueGroup: 'q', ackWaitSecs: 5 };
    const members = [await before.subscribe('x', group), await before.subscribe('x', group)];
    await before.publishAll('x', 4);
    const held = members.map(({ sequences }) => sequences);
    await broker.stop();
    await broker.advance('1h');
    const delivered: number[][] = [[], []];
    broker.observe((event) => {
      if (event.type === 'delivered') delivered[event.subscriptionId - 1]!.push(event.sequence);
    });
    await broker.restart({ state: 'keep' });
    expect(delivered).toEqual(held);
  });

  it('lets new messages follow to a group and to a subscription that had some unacked', async () => {
    const broker = await startBroker();
    const before = await StanPeer.connected('a', broker);
    await before.subscribe('x', { queueGroup: 'q' });
    await before.subscribe('x');
    await before.publish('x');
    const delivered: [number, number][] = [];
    broker.observe((event) => {
      if (event.type === 'delivered') delivered.push([event.subscriptionId, event.sequence]);
    });
    await broker.restart({ state: 'keep' });
    await (await StanPeer.connected('b', broker)).publish('x');
    expect(delivered.sort()).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it('keeps an offline durable and an offline durable group, with what they have pending', async () => {
    const broker = await startBroker();
    const before = await StanPeer.connected('a', broker);
    const durable = await before.subscribe('x', { durableName: 'd' });
    const member = await before.subscribe('x', { durableName: 'd', queueGroup: 'q' });
    await before.publishAll('x', 3);
    durable.ack(1, 2);
    member.ack(1, 3);
    await before.close();
    await broker.restart({ state: 'keep' });
    const after = await StanPeer.connected('a', broker);
    expect((await after.subscribe('x', { durableName: 'd' })).sequences).toEqual([3]);
    expect((await after.subscribe('x', { durableName: 'd', queueGroup: 'q' })).sequences).toEqual([2]);
  });

  it('keeps the position of a durable group whose foremost member had left', async () => {
    const broker = await startBroker();
    const before = await StanPeer.connected('a', broker);
    const group = { durableName: 'd', queueGroup: 'q' };
    const members = [await before.subscribe('x', group), await before.subscribe('x', group)];
    await before.publishAll('x', 2);
    for (const member of members) member.ack(...member.sequences);
    await members.find(({ sequences }) => sequences.includes(2))!.close();
    await before.close();
    await broker.restart({ state: 'keep' });
    const after = await StanPeer.connected('a', broker);
    expect((await after.subscribe('x', group)).sequences).toEqual([]);
  });

  it('closes clients that do not come back', async () => {
    const broker = await startBroker({ heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 1_000, maxFailedHeartbeats: 2 });
    const before = await StanPeer.connected('a', broker);
    await broker.restart({ state: 'keep' });
    const other = new StanPeer('other', broker);
    expect(await other.ping(before.connId)).toBe('');
    await broker.advance('3s');
    expect(await other.ping(before.connId)).toBe('client has been replaced or is no longer registered');
  });

  it('keeps messages apart from their age: they expire when they would have', async () => {
    const broker = await startBroker({ limits: { maxAgeMs: 10_000 } });
    const before = await StanPeer.connected('a', broker);
    await before.publish('x');
    await broker.advance('6s');
    await broker.restart({ state: 'keep' });
    const after = new StanPeer('b', broker);
    await after.connect();
    await broker.advance('5s');
    expect((await after.subscribe('x')).sequences).toEqual([]);
  });
});

describe('a restart that loses its state', () => {
  it('knows neither clients nor messages', async () => {
    const broker = await startBroker();
    const before = await StanPeer.connected('a', broker);
    await before.publish('x');
    await broker.restart({ state: 'lose' });
    const after = new StanPeer('a', broker);
    expect(await after.ping(before.connId)).toBe('client has been replaced or is no longer registered');
    expect(await after.publish('x')).toBe('stan: invalid publish request');
    await after.connect();
    await after.publish('x', 'first');
    expect((await after.subscribe('x')).messages).toMatchObject([{ sequence: 1, data: 'first' }]);
  });
});

describe('a broker', () => {
  it('listens on the same port after a restart', async () => {
    const broker = await startBroker({ port: 0 });
    const { url } = broker;
    await broker.restart({ state: 'keep' });
    expect(broker.url).toBe(url);
    await broker.stop();
    expect(broker.isRunning).toBe(false);
    await broker.restart({ state: 'keep' });
    expect([broker.url, broker.isRunning]).toEqual([url, true]);
  });

  it('waits for its port where somebody else has it for a moment', async () => {
    const broker = await startBroker({ port: 0 });
    const { port } = broker;
    await broker.stop();
    const intruder = createServer();
    await new Promise<void>((resolve) => intruder.listen(port, '127.0.0.1', () => resolve()));
    const restarted = broker.restart({ state: 'keep' });
    await eventually(() => broker.isRunning, { intervalMs: 1 });
    await new Promise((resolve) => intruder.close(resolve));
    await restarted;
    expect(broker.port).toBe(port);
  });

  it('closes once, however often it is asked to, and does not come back', async () => {
    const broker = await startBroker({ port: 0, monitoringPort: 0 });
    await Promise.all([broker.close(), broker.close()]);
    await broker.close();
    await expect(broker.restart({ state: 'keep' })).rejects.toMatchObject({ code: 'STAN_BROKER_START_FAILED' });
  });

  it('does not start on a port that is taken', async () => {
    const broker = await startBroker({ port: 0 });
    await expect(StanBroker.start({ port: broker.port })).rejects.toMatchObject({ code: 'STAN_BROKER_START_FAILED' });
    await expect(StanBroker.start({ port: 0, monitoringPort: broker.port })).rejects.toMatchObject({
      code: 'STAN_BROKER_START_FAILED',
    });
  });

  it('does not start on the store of another cluster', async () => {
    const store = new MemoryStore();
    const first = await startBroker({ store, clusterId: 'one' });
    await first.close();
    await expect(startBroker({ store, clusterId: 'two' })).rejects.toThrow(
      'cluster ID "two" does not match recovered value of "one"',
    );
  });
});
