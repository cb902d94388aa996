import { describe, expect, it } from 'vitest';

import { StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('a durable', () => {
  const durable = { durableName: 'd' };

  it('resumes where it was, whatever its new start position says', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const first = await peer.subscribe('x', durable);
    await peer.publishAll('x', 2);
    first.ack(1, 2);
    await first.close();
    await peer.publish('x');
    const second = await peer.subscribe('x', { ...durable, start: 0 });
    expect(second.sequences).toEqual([3]);
  });

  it('gets all its unacked messages at once when it resumes, past max in flight', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const first = await peer.subscribe('x', durable);
    await peer.publishAll('x', 4);
    first.ack(2);
    await first.close();
    await peer.publish('x');
    const second = await peer.subscribe('x', { ...durable, maxInFlight: 1 });
    expect(second.messages.map(({ sequence, redelivered }) => [sequence, redelivered])).toEqual([
      [1, true],
      [3, true],
      [4, true],
    ]);
    second.ack(1, 3, 4);
    await peer.nats.flush();
    expect(second.sequences).toEqual([1, 3, 4, 5]);
  });

  it('gets no new message when it resumes with as many unacked ones as it may have', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const first = await peer.subscribe('x', durable);
    await peer.publishAll('x', 2);
    await first.close();
    await peer.publish('x');
    const second = await peer.subscribe('x', { ...durable, maxInFlight: 2 });
    expect(second.sequences).toEqual([1, 2]);
    second.ack(1);
    await peer.nats.flush();
    expect(second.sequences).toEqual([1, 2, 3]);
  });

  it('belongs to its client id: it survives the close of its client', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.subscribe('x', durable);
    await peer.publish('x');
    await peer.close();
    const [again, other] = [await StanPeer.connected('a', broker), await StanPeer.connected('b', broker)];
    expect((await other.subscribe('x', { ...durable, start: 0 })).sequences).toEqual([]);
    expect((await again.subscribe('x', durable)).messages).toMatchObject([{ sequence: 1, redelivered: true }]);
  });

  it('is refused twice at a time', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    await peer.subscribe('x', durable);
    expect((await peer.subscribe('x', durable)).error).toBe('stan: duplicate durable registration');
  });

  it('is gone after unsubscribe', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const first = await peer.subscribe('x', durable);
    await peer.publish('x');
    first.ack(1);
    expect(await first.unsubscribe()).toBe('');
    expect((await peer.subscribe('x', durable)).messages).toMatchObject([{ sequence: 1, redelivered: false }]);
  });

  it('ignores acks on the inbox it had before', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const first = await peer.subscribe('x', { ...durable, ackWaitSecs: 1 });
    await peer.publish('x');
    await first.close();
    const second = await peer.subscribe('x', { ...durable, ackWaitSecs: 1 });
    first.ack(1);
    await peer.nats.flush();
    await broker.advance('2s');
    expect(second.sequences).toEqual([1, 1]);
  });
});

describe('a queue group', () => {
  const group = { queueGroup: 'q' };

  it('gives each message to one member, the least busy first', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const members = [await peer.subscribe('x', group), await peer.subscribe('x', group)];
    await peer.publishAll('x', 6);
    expect(members.map(({ sequences }) => sequences.length)).toEqual([3, 3]);
    expect(members.flatMap(({ sequences }) => sequences).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('stalls only when all its members do', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const members = [
      await peer.subscribe('x', { ...group, maxInFlight: 1 }),
      await peer.subscribe('x', { ...group, maxInFlight: 2 }),
    ];
    await peer.publishAll('x', 5);
    expect(members.map(({ sequences }) => sequences.length)).toEqual([1, 2]);
    members[0]!.ack(...members[0]!.sequences);
    await peer.nats.flush();
    expect(members.map(({ sequences }) => sequences.length)).toEqual([2, 2]);
  });

  it('hands the unacked messages of a leaving member to the others', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const [leaving, staying] = [await peer.subscribe('x', group), await peer.subscribe('x', group)];
    await peer.publishAll('x', 4);
    staying.ack(...staying.sequences);
    const unacked = leaving.sequences;
    await leaving.close();
    await broker.advance('100ms');
    expect(staying.messages.filter(({ redelivered }) => redelivered).map(({ sequence }) => sequence)).toEqual(unacked);
  });

  it('[STAN-QUEUE-6] sends what a member leaves to several others once each, in the order of the members', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const members = [
      await peer.subscribe('x', group),
      await peer.subscribe('x', group),
      await peer.subscribe('x', group),
    ];
    await peer.publishAll('x', 6);
    const [leaving, ...staying] = members;
    expect(leaving!.sequences).toEqual([1, 4]);
    await leaving!.close();
    await broker.advance('100ms');
    const again = staying.map(({ messages }) => messages.filter(({ redelivered }) => redelivered));
    expect(again.map((messages) => messages.map(({ sequence }) => sequence))).toEqual([[4], [1]]);
  });

  it('counts redeliveries for all members together, and takes the ack of any', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const members = [
      await peer.subscribe('x', { ...group, ackWaitSecs: 1 }),
      await peer.subscribe('x', { ...group, ackWaitSecs: 1 }),
    ];
    await peer.publish('x');
    await broker.advance('3s');
    const counts = members.flatMap(({ messages }) => messages.map(({ redeliveryCount }) => redeliveryCount));
    expect(counts.sort()).toEqual([0, 1, 2, 3]);
    members[0]!.ack(1);
    await peer.nats.flush();
    await broker.advance('3s');
    expect(members.flatMap(({ messages }) => messages)).toHaveLength(4);
  });

  it('starts anew when its last member has left', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const member = await peer.subscribe('x', group);
    await peer.publish('x');
    member.ack(1);
    await member.close();
    expect((await peer.subscribe('x', group)).sequences).toEqual([1]);
  });
});

describe('a durable queue group', () => {
  const group = { queueGroup: 'q', durableName: 'd' };

  it('stays when its last member has left, with what it left unacked', async () => {
    const broker = await startBroker();
    const [peer, other] = [await StanPeer.connected('a', broker), await StanPeer.connected('b', broker)];
    const first = await peer.subscribe('x', group);
    await peer.publishAll('x', 2);
    first.ack(1);
    await peer.close();
    await other.publish('x');
    const second = await other.subscribe('x', { ...group, start: 0 });
    expect(second.messages.map(({ sequence, redelivered }) => [sequence, redelivered])).toEqual([
      [2, true],
      [3, false],
    ]);
  });

  it('is gone when its last member unsubscribes, not before', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const members = [await peer.subscribe('x', group), await peer.subscribe('x', group)];
    await peer.publish('x');
    for (const member of members) member.ack(1);
    await members[0]!.unsubscribe();
    await members[1]!.close();
    const third = await peer.subscribe('x', group);
    expect(third.sequences).toEqual([]);
    await third.unsubscribe();
    expect((await peer.subscribe('x', group)).sequences).toEqual([1]);
  });

  it('is another group for another durable name', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const [one, two] = [
      await peer.subscribe('x', group),
      await peer.subscribe('x', { queueGroup: 'q', durableName: 'e' }),
    ];
    await peer.publishAll('x', 2);
    expect([one.sequences, two.sequences]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});
