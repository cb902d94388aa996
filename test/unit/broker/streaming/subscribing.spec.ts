import { describe, expect, it } from 'vitest';

import { decode, StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('a start position', () => {
  it.each([
    ['new only', { start: 0 }, []],
    ['the last message', { start: 1 }, [5]],
    ['a sequence', { start: 3, startSequence: 3 }, [3, 4, 5]],
    ['a sequence before the first', { start: 3, startSequence: 0 }, [1, 2, 3, 4, 5]],
    ['a sequence after the last', { start: 3, startSequence: 99 }, []],
    ['the first message', { start: 4 }, [1, 2, 3, 4, 5]],
    ['a time ago', { start: 2, startTimeDelta: 25_000_000_000 }, [4, 5]],
    ['a time before the first message', { start: 2, startTimeDelta: 3_600_000_000_000 }, [1, 2, 3, 4, 5]],
    ['no time ago', { start: 2, startTimeDelta: 0 }, []],
  ])('of %s begins there', async (_, options, expected) => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    for (let i = 0; i < 5; i += 1) {
      await peer.publish('x');
      await broker.advance('10s');
    }
    expect((await peer.subscribe('x', options)).sequences).toEqual(expected);
  });

  it.each([0, 1, 2, 3, 4])('number %i on an empty channel gets the first message to come', async (start) => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { start, startSequence: 7, startTimeDelta: 1_000 });
    await peer.publish('x');
    expect(subscription.sequences).toEqual([1]);
  });
});

describe('a subscription', () => {
  it.each([
    ['an unknown client', { clientId: 'nobody' }, 'stan: unknown clientID'],
    ['an ack wait of 0', { ackWaitSecs: 0 }, 'stan: invalid ack wait time, should be >= 1s'],
    ['a max in flight of 0', { maxInFlight: 0 }, 'stan: invalid MaxInflight, should be >= 1'],
    ['an unknown start position', { start: 5 }, 'stan: invalid start position'],
    ['a wildcard', { channel: 'x.*' }, 'stan: invalid subject'],
    ['an empty token', { channel: 'x..y' }, 'stan: invalid subject'],
    [
      'a durable name with a colon in a queue group',
      { queueGroup: 'q', durableName: 'a:b' },
      "stan: durable name of a durable queue subscriber can't contain the character ':'",
    ],
  ])('is refused for %s', async (_, { clientId = 'a', channel = 'x', ...options }: Record<string, unknown>, error) => {
    const broker = await startBroker();
    const peer = clientId === 'a' ? await StanPeer.connected('a', broker) : new StanPeer(clientId as string, broker);
    expect((await peer.subscribe(channel as string, options)).error).toBe(error);
  });

  it('is refused with bytes that are no request', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const answer = await peer.request('_STAN.sub.test-cluster', Buffer.from([0xff]));
    expect(decode('SubscriptionResponse', answer).get('error')).toBe('stan: invalid subscription request');
  });

  it('is refused when its channel has as many as it may, offline durables included', async () => {
    const broker = await startBroker({ limits: { maxSubscriptions: 2 } });
    const peer = await StanPeer.connected('a', broker);
    const durable = await peer.subscribe('x', { durableName: 'd' });
    const plain = await peer.subscribe('x');
    expect((await peer.subscribe('x')).error).toBe('too many subscriptions per channel');
    await durable.close();
    expect((await peer.subscribe('x')).error).toBe('too many subscriptions per channel');
    await plain.close();
    expect((await peer.subscribe('x')).error).toBe('');
  });

  it('gets no message before the answer to its request', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.publishAll('x', 3);
    const before = peer.nats.messages.length;
    const subscription = await peer.subscribe('x');
    const subjects = peer.nats.messages.slice(before).map(({ subject }) => subject === subscription.inbox);
    expect(subjects).toEqual([false, true, true, true]);
  });

  it('gets no more than its max in flight until it acks', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.publishAll('x', 5);
    const subscription = await peer.subscribe('x', { maxInFlight: 2 });
    expect(subscription.sequences).toEqual([1, 2]);
    subscription.ack(2);
    await peer.nats.flush();
    expect(subscription.sequences).toEqual([1, 2, 3]);
    subscription.ack(1, 3);
    await peer.nats.flush();
    expect(subscription.sequences).toEqual([1, 2, 3, 4, 5]);
  });

  it('gets nothing after its close, nor after the close of its client', async () => {
    const broker = await startBroker();
    const [peer, other] = [await StanPeer.connected('a', broker), await StanPeer.connected('b', broker)];
    const [closed, swept] = [await peer.subscribe('x'), await other.subscribe('x')];
    expect(await closed.close()).toBe('');
    await other.close();
    await peer.publish('x');
    await broker.advance('60s');
    expect([closed.sequences, swept.sequences]).toEqual([[], []]);
  });

  it.each(['close', 'unsubscribe'] as const)('that is unknown is told so on %s', async (end) => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    expect(await subscription[end]()).toBe('');
    expect(await subscription[end]()).toBe('stan: invalid subscription');
    Object.assign(subscription, { channel: 'elsewhere' });
    expect(await subscription[end]()).toBe('stan: unknown channel');
  });

  it('of another client is not ended', async () => {
    const broker = await startBroker();
    const [peer, other] = [await StanPeer.connected('a', broker), await StanPeer.connected('b', broker)];
    const subscription = await peer.subscribe('x');
    Object.assign(subscription, { peer: other });
    expect(await subscription.close()).toBe('stan: unknown clientID');
    await peer.publish('x');
    expect(peer.nats.messages.some(({ subject }) => subject === subscription.inbox)).toBe(true);
  });
});

describe('redelivery', () => {
  it('comes after ack wait and not before, with its count', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { ackWaitSecs: 10 });
    await peer.publish('x');
    await broker.advance('9999ms');
    expect(subscription.messages.map(({ redeliveryCount }) => redeliveryCount)).toEqual([0]);
    await broker.advance('1ms');
    await broker.advance('10s');
    expect(subscription.messages.map(({ redelivered, redeliveryCount }) => [redelivered, redeliveryCount])).toEqual([
      [false, 0],
      [true, 1],
      [true, 2],
    ]);
  });

  it('ends with the ack', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { ackWaitSecs: 1 });
    await peer.publishAll('x', 2);
    subscription.ack(1);
    await peer.nats.flush();
    await broker.advance('1s');
    expect(subscription.sequences).toEqual([1, 2, 2]);
  });

  it('does not wait for max in flight', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.publishAll('x', 3);
    const subscription = await peer.subscribe('x', { maxInFlight: 3, ackWaitSecs: 1 });
    await broker.advance('1s');
    expect(subscription.sequences).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('lets go of a message that limits have dropped', async () => {
    const broker = await startBroker({ limits: { maxMessages: 2 } });
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { ackWaitSecs: 1, maxInFlight: 1 });
    await peer.publishAll('x', 4);
    await broker.advance('1s');
    expect(subscription.sequences).toEqual([1, 3]);
  });

  it('waits while the client of a plain subscription misses heartbeats', async () => {
    const broker = await startBroker({ heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 500, maxFailedHeartbeats: 100 });
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { ackWaitSecs: 5 });
    peer.answersHeartbeats = false;
    await peer.publish('x');
    await broker.advance('11s');
    expect(subscription.sequences).toEqual([1]);
    peer.answersHeartbeats = true;
    await broker.advance('6s');
    expect(subscription.sequences.length).toBeGreaterThan(1);
  });
});
