import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually } from '../support/wait.js';

contract('order', (t) => {
  it('E36 hands 1 000 events to one subscriber by sequence', async () => {
    const subject = fresh('orders');
    const seen = new Recorder<number>();
    await t.app({
      controllers: [listenerFor(subject, { startAt: 'first' }, (id: number, context) => seen.add(id, context))],
    });
    await emitAll(await t.client(), subject, upTo(1_000));
    await eventually(() => seen.count === 1_000, { what: '1 000 events' });
    expect(seen.sequences).toEqual(upTo(1_000).map((index) => index + 1));
    expect(seen.data).toEqual(upTo(1_000));
  });

  it('E37 keeps strict order at maxInFlight 1, also where handlers fail', async () => {
    const subject = fresh('orders');
    const handled: number[] = [];
    const failedOnce = new Set<number>();
    const listener = listenerFor(subject, { maxInFlight: 1, ackWaitMs: 1_000, startAt: 'first' }, (id: number) => {
      if (id % 4 === 1 && !failedOnce.has(id)) {
        failedOnce.add(id);
        throw new Error('planned failure');
      }
      handled.push(id);
    });
    await t.app({ controllers: [listener] });
    await emitAll(await t.client(), subject, upTo(12));
    await t.eventually(() => expect(handled).toHaveLength(12), { what: 'all 12', timeoutMs: 20_000 });
    expect(handled).toEqual(upTo(12));
    expect(failedOnce.size).toBe(3);
  });

  it('E38 never goes back in first deliveries, with redeliveries in between', async () => {
    const subject = fresh('orders');
    const seen = new Recorder<number>();
    const listener = listenerFor(
      subject,
      { maxInFlight: 10, ackWaitMs: 1_000, startAt: 'first' },
      (id: number, context) => {
        seen.add(id, context);
        if (id % 3 === 0 && !context.isRedelivered()) throw new Error('planned failure');
      },
    );
    await t.app({ controllers: [listener] });
    await emitAll(await t.client(), subject, upTo(100));
    await t.eventually(() => expect(seen.count).toBe(134), {
      what: '100 events and 34 redeliveries',
      timeoutMs: 20_000,
    });
    const first = seen.deliveries.filter(({ redelivered }) => !redelivered).map(({ data }) => data);
    expect(first).toEqual(upTo(100));
  });
});
