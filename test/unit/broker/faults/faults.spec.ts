import { describe, expect, it } from 'vitest';

import { latch } from '../../../support/wait.js';
import { NatsPeer } from '../support/nats-peer.js';
import { StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('a fault on messages', () => {
  it('drops as many as it is told to, and counts them', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { ackWaitSecs: 5 });
    const fault = broker.faults.drop('message', { channel: 'x', times: 2 });
    await peer.publishAll('x', 3);
    expect([subscription.sequences, fault.hits]).toEqual([[3], 2]);
    await broker.advance('5s');
    expect(subscription.sequences).toEqual([3, 1, 2, 3]);
  });

  it('delays by the clock of the broker', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    broker.faults.delay('message', '3s');
    await peer.publish('x');
    await broker.advance('2999ms');
    expect(subscription.sequences).toEqual([]);
    await broker.advance('1ms');
    expect(subscription.sequences).toEqual([1]);
  });

  it('duplicates', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    broker.faults.duplicate('message', { where: ({ sequence }) => sequence === 2 });
    await peer.publishAll('x', 3);
    expect(subscription.sequences).toEqual([1, 2, 2, 3]);
  });

  it('reorders', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    broker.faults.reorder('message');
    await peer.publishAll('x', 4);
    expect(subscription.sequences).toEqual([2, 1, 4, 3]);
  });

  it('ends when it is removed', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    const fault = broker.faults.drop('message');
    await peer.publish('x');
    fault.remove();
    fault.remove();
    await peer.publish('x');
    expect(subscription.sequences).toEqual([2]);
  });
});

describe('a fault on acks', () => {
  it('of a subscriber lets the message come again', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { ackWaitSecs: 5 });
    broker.faults.drop('ack', { clientId: 'a', times: 1 });
    await peer.publish('x');
    subscription.ack(1);
    await peer.nats.flush();
    await broker.advance('5s');
    expect(subscription.sequences).toEqual([1, 1]);
  });

  it('of the broker leaves the publisher without an answer although the message is stored', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const answer = latch<string>();
    broker.faults.delay('publishAck', '10s', { times: 1 });
    void peer.publish('x').then((error) => answer.open(error));
    const subscription = await peer.subscribe('x');
    expect([subscription.sequences, answer.isOpen()]).toEqual([[1], false]);
    await broker.advance('10s');
    expect(await answer.wait()).toBe('');
  });
});

describe('a fault on requests', () => {
  it.each([
    ['connectResponse', (_: StanPeer, other: StanPeer) => other.connect()],
    ['subscribeResponse', (peer: StanPeer) => peer.subscribe('x')],
    ['pingResponse', (peer: StanPeer) => peer.ping()],
    ['closeResponse', (peer: StanPeer) => peer.close()],
    ['publish', (peer: StanPeer) => peer.publish('x')],
  ] as const)('at %s keeps the answer away', async (point, act) => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    broker.faults.delay(point, '20s');
    const answer = latch<unknown>();
    void act(peer, new StanPeer('other', broker)).then((value) => answer.open(value));
    await peer.nats.flush();
    await broker.advance('19s');
    expect(answer.isOpen()).toBe(false);
    await broker.advance('1s');
    await answer.wait();
  });

  it('refuses to store, with the text it was given', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const restore = broker.faults.refuseToStore('disk full');
    expect(await peer.publish('x')).toBe('disk full');
    restore();
    expect(await peer.publish('x')).toBe('');
    expect((await peer.subscribe('x')).sequences).toEqual([1]);
  });
});

describe('a broker that', () => {
  it('forgets a client treats it as one it never knew, and keeps its durables', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.subscribe('x', { durableName: 'd' });
    await peer.publish('x');
    expect([broker.faults.forgetClient('a'), broker.faults.forgetClient('a')]).toEqual([true, false]);
    expect(await peer.ping()).toBe('client has been replaced or is no longer registered');
    expect(await peer.publish('x')).toBe('stan: invalid publish request');
    await peer.connect();
    expect((await peer.subscribe('x', { durableName: 'd' })).sequences).toEqual([1]);
  });

  it('is frozen answers nothing, and everything once it is not', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { ackWaitSecs: 5 });
    await peer.publish('x');
    broker.faults.freeze();
    const late = NatsPeer.to(broker);
    const answer = latch<string>();
    void peer.publish('x').then((error) => answer.open(error));
    await broker.advance('1m');
    expect([answer.isOpen(), subscription.sequences, late.lines]).toEqual([false, [1], []]);
    broker.faults.unfreeze();
    expect(await answer.wait()).toBe('');
    await late.flush();
    await broker.advance(0);
    expect(subscription.sequences).toEqual([1, 2, 1]);
  });

  it('is restarted while it is frozen starts unfrozen, and did nothing in between', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const lost = await peer.subscribe('x', { ackWaitSecs: 5 });
    await peer.publish('x');
    broker.faults.freeze();
    peer.nats.publish('_STAN.pub.test-cluster.x', 'never read');
    await broker.advance('1m');
    await broker.restart({ state: 'keep' });
    const again = await StanPeer.connected('b', broker);
    expect(lost.sequences).toEqual([1]);
    expect((await again.subscribe('x')).sequences).toEqual([1]);
  });

  it('cuts its connections keeps its clients', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    broker.faults.cutConnections();
    await peer.nats.ended();
    const again = new StanPeer('a', broker);
    expect(await again.ping(peer.connId)).toBe('');
  });

  it('is cleared of its faults works again', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    broker.faults.drop('publish');
    broker.faults.refuseToStore('no');
    broker.faults.freeze();
    broker.faults.clear();
    expect(await peer.publish('x')).toBe('');
  });
});
