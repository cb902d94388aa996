import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decode, encode, StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('publishing', () => {
  it('numbers the messages of each channel from 1 and keeps their bytes', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    for (const [channel, data] of [
      ['x', 'one'],
      ['y', ''],
      ['x', 'zwei: äöü'],
    ] as const) {
      expect(await peer.publish(channel, data)).toBe('');
    }
    const [x, y] = [await peer.subscribe('x'), await peer.subscribe('y')];
    expect(x.messages.map(({ sequence, data }) => [sequence, data])).toEqual([
      [1, 'one'],
      [2, 'zwei: äöü'],
    ]);
    expect(y.messages).toMatchObject([{ sequence: 1, subject: 'y', data: '', redelivered: false, redeliveryCount: 0 }]);
  });

  it('answers with the guid of the message', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const message = encode('PubMsg', {
      clientId: 'a',
      guid: 'my-guid',
      subject: 'x',
      connId: Buffer.from(peer.connId),
    });
    const ack = decode('PubAck', await peer.request('_STAN.pub.test-cluster.x', message));
    expect([ack.get('guid'), ack.get('error')]).toEqual(['my-guid', '']);
  });

  it('takes a client of protocol 0 by its client id', async () => {
    const broker = await startBroker();
    const peer = new StanPeer('old', broker);
    await peer.connect(0);
    const message = encode('PubMsg', { clientId: 'old', guid: 'g', subject: 'x' });
    const ack = decode('PubAck', await peer.request('_STAN.pub.test-cluster.x', message));
    expect(ack.get('error')).toBe('');
  });

  it.each([
    ['no guid', { clientId: 'a', subject: 'x' }],
    ['a wildcard', { clientId: 'a', guid: 'g', subject: 'x.*' }],
    ['a channel with a slash', { clientId: 'a', guid: 'g', subject: 'x/y' }],
    ['no channel', { clientId: 'a', guid: 'g' }],
    ['an unknown client', { clientId: 'nobody', guid: 'g', subject: 'x' }],
    ['an unknown connection', { clientId: 'a', guid: 'g', subject: 'x', connId: Buffer.from('unknown') }],
  ])('refuses %s', async (_, fields) => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const ack = decode('PubAck', await peer.request('_STAN.pub.test-cluster.x', encode('PubMsg', fields)));
    expect(ack.get('error')).toBe('stan: invalid publish request');
  });

  it('hands a message on before it acknowledges it', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.subscribe('x');
    await peer.publish('x');
    const subjects = peer.nats.lines.filter((line) => line.startsWith('MSG')).map((line) => line.split(' ')[1]!);
    expect(subjects.at(-2)).toMatch(/^_INBOX\.sub/);
    expect(subjects.at(-1)).toMatch(/^_INBOX\.re/);
  });

  it('gives timestamps that never go back', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.publishAll('x', 20);
    const subscription = await peer.subscribe('x');
    const payloads = peer.nats.messages.filter(({ subject }) => subject === subscription.inbox);
    const times = payloads.map(({ payload }) => decode('MsgProto', payload).get('timestamp') as number);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(20);
  });

  it('keeps any bytes', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
        const request = { clientId: 'a', guid: 'g', subject: 'x', data: bytes, connId: Buffer.from(peer.connId) };
        await peer.request('_STAN.pub.test-cluster.x', encode('PubMsg', request));
        const last = peer.nats.messages.findLast(({ subject }) => subject === subscription.inbox);
        const data = decode('MsgProto', last!.payload).get('data_asU8') as Uint8Array;
        expect(Buffer.from(data).equals(bytes)).toBe(true);
        subscription.ack(decode('MsgProto', last!.payload).get('sequence') as number);
      }),
      { numRuns: 50 },
    );
  });
});

describe('limits', () => {
  it('refuses one channel too many', async () => {
    const broker = await startBroker({ limits: { maxChannels: 1 } });
    const peer = await StanPeer.connected('a', broker);
    expect(await peer.publish('x')).toBe('');
    expect(await peer.publish('y')).toBe('too many channels');
    expect((await peer.subscribe('y')).error).toBe('too many channels');
    expect(await peer.publish('x')).toBe('');
  });

  it('refuses a channel that differs from another by case alone', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.publish('orders.created');
    expect(await peer.publish('orders.Created')).toBe(
      'rejecting channel "orders.Created" because channel "orders.created" alreay exists (different cases not allowed)',
    );
  });

  it('drops the oldest messages of a channel past its number', async () => {
    const broker = await startBroker({ limits: { maxMessages: 3 } });
    const peer = await StanPeer.connected('a', broker);
    await peer.publishAll('x', 5);
    expect((await peer.subscribe('x')).sequences).toEqual([3, 4, 5]);
  });

  it('drops the oldest messages of a channel past its bytes, but never the last one', async () => {
    const broker = await startBroker({ limits: { maxBytes: 500 } });
    const peer = await StanPeer.connected('a', broker);
    for (let i = 0; i < 3; i += 1) await peer.publish('x', 'x'.repeat(200));
    expect((await peer.subscribe('x')).sequences).toEqual([2, 3]);
    await peer.publish('y', 'y');
    await peer.publish('y', 'y'.repeat(2_000));
    expect((await peer.subscribe('y')).sequences).toEqual([2]);
  });

  it('drops messages past their age, and goes on numbering', async () => {
    const broker = await startBroker({ limits: { maxAgeMs: 10_000 } });
    const peer = await StanPeer.connected('a', broker);
    await peer.publishAll('x', 2);
    await broker.advance('6s');
    await peer.publish('x');
    await broker.advance('5s');
    expect((await peer.subscribe('x')).sequences).toEqual([3]);
    await broker.advance('10s');
    expect((await peer.subscribe('x')).sequences).toEqual([]);
    const late = await peer.subscribe('x', { start: 0 });
    await peer.publish('x');
    expect(late.sequences).toEqual([4]);
  });

  it('deletes a channel that nobody uses any more, and starts its numbers anew', async () => {
    const broker = await startBroker({ limits: { maxInactivityMs: 10_000 } });
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    await peer.publish('x');
    await broker.advance('20s');
    subscription.ack(1);
    await subscription.close();
    await broker.advance('9s');
    await peer.publish('x');
    await broker.advance('9s');
    expect((await peer.subscribe('x')).sequences).toEqual([1, 2]);
    const again = peer.nats;
    await peer.close();
    await again.flush();
    await broker.advance('11s');
    await peer.connect();
    expect((await peer.subscribe('x')).sequences).toEqual([]);
  });

  it('takes the narrowest pattern that covers a channel, and the wider ones for what it leaves open', async () => {
    const channels = {
      'a.>': { maxMessages: 2, maxBytes: 100_000 },
      'a.b': { maxMessages: 4 },
      'a.c': { maxMessages: -1 },
    };
    const broker = await startBroker({ limits: { maxMessages: 3, channels } });
    const peer = await StanPeer.connected('a', broker);
    const kept: Record<string, number> = {};
    for (const channel of ['a.x', 'a.b', 'a.c', 'z']) {
      await peer.publishAll(channel, 6);
      kept[channel] = (await peer.subscribe(channel)).sequences.length;
    }
    expect(kept).toEqual({ 'a.x': 2, 'a.b': 4, 'a.c': 6, z: 3 });
  });
});
