import type { StanContext } from 'nestjs-stan';
import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';

contract('queue groups', (t) => {
  const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);

  it('D31 hands each event to one member of a group, and every event to each group', async () => {
    const subject = fresh('orders');
    const members = [
      { queueGroup: 'billing', seen: new Recorder<number>() },
      { queueGroup: 'billing', seen: new Recorder<number>() },
      { queueGroup: 'shipping', seen: new Recorder<number>() },
    ];
    for (const { queueGroup, seen } of members) {
      await t.app({
        controllers: [listenerFor(subject, { queueGroup, startAt: 'first' }, (id: number, c) => seen.add(id, c))],
      });
    }
    await emitAll(await t.client(), subject, upTo(100));
    const seenBy = (group: string) =>
      members.filter((one) => one.queueGroup === group).flatMap(({ seen }) => seen.data);
    await eventually(() => expect([seenBy('billing').length, seenBy('shipping').length]).toEqual([100, 100]));
    expect(ascending(seenBy('billing'))).toEqual(upTo(100));
    expect(members.filter(({ seen }) => seen.count === 0)).toEqual([]);
  });

  t.only(
    'limitsMembers',
    '[STAN-QUEUE-1] D31 deals to whoever has the fewest unacked events: equal shares while nobody acks',
    async () => {
      const subject = fresh('orders');
      const members = upTo(5).map(() => [] as StanContext[]);
      for (const contexts of members) {
        const options = { queueGroup: 'orders', startAt: 'first', ackMode: 'manual', maxInFlight: 1_000 } as const;
        await t.app({ controllers: [listenerFor(subject, options, (_, context) => void contexts.push(context))] });
      }
      const shares = () => members.map(({ length }) => length);
      const client = await t.client();
      await emitAll(client, subject, upTo(500));
      await eventually(() => expect(shares()).toEqual([100, 100, 100, 100, 100]));
      for (const context of members[2] ?? []) context.ack();
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(400));
      await emitAll(client, subject, upTo(100));
      await eventually(() => expect(shares()).toEqual([100, 100, 200, 100, 100]));
    },
  );

  it('D31 keeps two durable names of one queue group apart, as two groups', async () => {
    const subject = fresh('orders');
    const [one, other] = [new Recorder<number>(), new Recorder<number>()];
    for (const [durableName, seen] of [
      ['one', one],
      ['other', other],
    ] as const) {
      const options = { queueGroup: 'orders', durableName, startAt: 'first' } as const;
      await t.app({ controllers: [listenerFor(subject, options, (id: number, c) => seen.add(id, c))] });
    }
    await emitAll(await t.client(), subject, upTo(10));
    await eventually(() => expect([one.data, other.data]).toEqual([upTo(10), upTo(10)]));
  });

  it('D32 moves the pending events of a member that leaves to one that stays or joins', async () => {
    const subject = fresh('orders');
    const group = { ...durableQueue(fresh('orders')), ackWaitMs: 1_000 };
    let stuck = 0;
    const leaving = await t.app({
      server: { drainTimeoutMs: 100 },
      controllers: [listenerFor(subject, { ...group, ackMode: 'manual' }, () => void (stuck += 1))],
    });
    await emitAll(await t.client(), subject, upTo(20));
    await eventually(() => stuck === 20);
    const seen = new Recorder<number>();
    await t.app({ controllers: [listenerFor(subject, group, (id: number, context) => seen.add(id, context))] });
    await leaving.close();
    await t.eventually(() => expect(ascending(seen.data)).toEqual(upTo(20)), { what: 'all 20 events' });
    await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
  });

  it('D32 does not stall when a member dies without a goodbye', async () => {
    const subject = fresh('orders');
    const group = { ...durableQueue(fresh('orders')), ackWaitMs: 1_000 };
    const proxy = await startTcpProxy(() => t.broker.port);
    const dying = new Recorder<number>();
    const alive = new Recorder<number>();
    await t.app({
      server: { servers: proxy.url },
      controllers: [listenerFor(subject, { ...group, ackMode: 'manual' }, (id: number, c) => dying.add(id, c))],
    });
    await t.app({ controllers: [listenerFor(subject, group, (id: number, context) => alive.add(id, context))] });
    const client = await t.client();
    await emitAll(client, subject, upTo(20));
    await eventually(() => expect(dying.count + alive.count).toBe(20));
    proxy.refuse();
    await emitAll(client, subject, upTo(40).slice(20));
    await t.eventually(() => expect(ascending(alive.data)).toEqual(upTo(40)), {
      what: 'all 40 at the other',
      timeoutMs: 20_000,
    });
  });

  it('D34 hands out all 50 events after ten apps of the group have opened and closed at once', async () => {
    const subject = fresh('orders');
    const group = durableQueue(fresh('orders'));
    const seen = new Recorder<number>();
    const listener = () => listenerFor(subject, group, (id: number, context) => seen.add(id, context));
    const apps = await Promise.all(upTo(10).map(() => t.app({ controllers: [listener()] })));
    await Promise.all(apps.map((app) => app.close()));
    await t.app({ controllers: [listener()] });
    await emitAll(await t.client(), subject, upTo(50));
    await eventually(() => expect(seen.data).toEqual(upTo(50)));
  });
});
