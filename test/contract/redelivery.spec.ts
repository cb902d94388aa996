import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually, latch, quietFor } from '../support/wait.js';

const ackWaitMs = 1_000;

contract('redelivery', (t) => {
  const pending = (subject: string) => t.broker.facts.pendingCount(subject);

  it('C19 brings all 100 events through a handler that fails twice on each', async () => {
    const subject = fresh('orders');
    const done = new Set<number>();
    const runs = new Map<number, number>();
    const listener = listenerFor(subject, { ackWaitMs, maxInFlight: 200, startAt: 'first' }, (id: number) => {
      const run = (runs.get(id) ?? 0) + 1;
      runs.set(id, run);
      if (run <= 2) throw new Error(`planned failure ${run} of ${id}`);
      done.add(id);
    });
    await t.app({ controllers: [listener] });
    await emitAll(await t.client(), subject, upTo(100));
    await t.eventually(() => expect(done.size).toBe(100), { what: 'all 100', timeoutMs: 20_000 });
    expect([...runs.values()].every((run) => run === 3)).toBe(true);
    await eventually(async () => expect(await pending(subject)).toBe(0));
  });

  it('C20 sends an event again after ackWaitMs and not before, with the same sequence and a count that grows by one', async () => {
    const subject = fresh('orders');
    const seen = new Recorder();
    const listener = listenerFor(subject, { ackWaitMs: 2_000, startAt: 'first' }, (data, context) => {
      seen.add(data, context);
      if (seen.count < 4) throw new Error('planned failure');
    });
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, 'x');
    await eventually(() => seen.count === 1);
    await t.pass(1_500);
    expect(seen.count).toBe(1);
    await t.eventually(() => seen.count === 4, { what: 'three redeliveries' });
    await eventually(async () => expect(await pending(subject)).toBe(0));
    expect(seen.sequences).toEqual([1, 1, 1, 1]);
    expect(seen.deliveries.map(({ redelivered }) => redelivered)).toEqual([false, true, true, true]);
    expect(seen.deliveries.map(({ redeliveryCount }) => redeliveryCount)).toEqual([0, 1, 2, 3]);
  });

  it('C21 never sends again what has been acked', async () => {
    const subject = fresh('orders');
    const seen = new Recorder<number>();
    const listener = listenerFor(subject, { ackWaitMs, startAt: 'first' }, (id: number, context) =>
      seen.add(id, context),
    );
    await t.app({ controllers: [listener] });
    const client = await t.client();
    await emitAll(client, subject, upTo(20));
    await eventually(() => seen.count === 20);
    await eventually(async () => expect(await pending(subject)).toBe(0));
    await t.pass(ackWaitMs * 2 + 500);
    await client.emitAsync(subject, 20);
    await eventually(() => expect(seen.data).toEqual(upTo(21)));
  });

  it('C24 gives a new subscriber all 50 events that three others failed 100 times each and left', async () => {
    const subject = fresh('orders');
    const group = { queueGroup: 'orders', durableName: fresh('durable'), startAt: 'first', ackWaitMs } as const;
    const failureCounts = [0, 0, 0];
    const failing = await Promise.all(
      failureCounts.map((_, index) =>
        t.app({
          controllers: [
            listenerFor(subject, group, () => {
              failureCounts[index] = (failureCounts[index] ?? 0) + 1;
              throw new Error('planned failure');
            }),
          ],
        }),
      ),
    );
    await emitAll(await t.client(), subject, upTo(50));
    await t.eventually(() => expect(Math.min(...failureCounts)).toBeGreaterThanOrEqual(100), {
      what: '100 failures of each',
      timeoutMs: 40_000,
    });
    await Promise.all(failing.map((app) => app.close()));

    const seen = new Recorder<number>();
    await t.app({ controllers: [listenerFor(subject, group, (id: number, context) => seen.add(id, context))] });
    await t.eventually(() => expect(new Set(seen.data).size).toBe(50), { what: 'all 50 events' });
    expect(seen.count).toBe(50);
    await eventually(async () => expect(await pending(subject)).toBe(0));
  });

  it('C25 has 99 events done before one poison event of 100 is tried again', async () => {
    const subject = fresh('orders');
    const done: number[] = [];
    let poisonRuns = 0;
    const listener = listenerFor(subject, { ackWaitMs: 5_000, startAt: 'first' }, (id: number) => {
      if (id === 13) {
        poisonRuns += 1;
        throw new Error('poison');
      }
      done.push(id);
    });
    await t.app({ controllers: [listener] });
    await emitAll(await t.client(), subject, upTo(100));
    await eventually(() => expect(done).toHaveLength(99), { what: 'the other 99' });
    expect(poisonRuns).toBe(1);
    await eventually(async () => expect(await pending(subject)).toBe(1));
  });
});

contract(
  'redelivery while handlers run',
  (t) => {
    it('C22 runs each handler once where ten events take longer than ack wait, one after the other', async () => {
      const subject = fresh('orders');
      const runs: number[] = [];
      const listener = listenerFor(subject, { ackWaitMs, concurrency: 1, startAt: 'first' }, async (id: number) => {
        runs.push(id);
        await quietFor(400);
      });
      await t.app({ controllers: [listener] });
      await emitAll(await t.client(), subject, upTo(10));
      await eventually(
        async () => {
          expect(new Set(runs).size).toBe(10);
          expect(await t.broker.facts.pendingCount(subject)).toBe(0);
        },
        { what: 'ten acked events', timeoutMs: 30_000 },
      );
      expect([...runs].sort((a, b) => a - b)).toEqual(upTo(10));
    });

    it('C22 starts no second run of an event whose handler still runs when ack wait is over', async () => {
      const subject = fresh('orders');
      const runs: number[] = [];
      const listener = listenerFor(subject, { ackWaitMs, startAt: 'first' }, async (id: number) => {
        runs.push(id);
        await quietFor(2_500);
      });
      await t.app({ controllers: [listener] });
      await emitAll(await t.client(), subject, [1, 2]);
      await eventually(() => runs.length === 2);
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0), { what: 'both acks' });
      expect(runs).toEqual([1, 2]);
    });

    it('C22 leaves events that have waited here past ack wait to the member that got them meanwhile', async () => {
      const subject = fresh('orders');
      const group = { queueGroup: 'orders', startAt: 'first', ackWaitMs: 3_000 } as const;
      const mayEnd = latch();
      const [busy, free]: [number[], number[]] = [[], []];
      const busyListener = listenerFor(subject, { ...group, concurrency: 1 }, async (id: number) => {
        busy.push(id);
        await mayEnd.promise;
      });
      await t.app({ controllers: [busyListener] });
      await emitAll(await t.client(), subject, upTo(8));
      await eventually(() => busy.length === 1);
      await t.app({ controllers: [listenerFor(subject, group, (id: number) => void free.push(id))] });
      await eventually(() => expect(free.length).toBeGreaterThanOrEqual(3), {
        what: 'redeliveries to the free member',
      });
      // The server counts ack wait from its sending, this process from the arrival: on a busy machine a good deal later.
      await quietFor(1_000);
      mayEnd.open();
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0), { what: 'all acks' });
      expect(new Set([...busy, ...free])).toEqual(new Set(upTo(8)));
      // the one that was running here may have been handed to the other one too; nothing else may have two runs
      expect(busy.slice(1).filter((id) => free.includes(id))).toEqual([]);
    });

    it('C23 never runs more handlers than maxInFlight when a durable resumes with 500 pending', async () => {
      const subject = fresh('orders');
      const [clientId, durableName] = [fresh('service'), fresh('durable')];
      const options = { durableName, startAt: 'first', ackMode: 'manual' } as const;
      const client = await t.client();
      await emitAll(client, subject, upTo(500));

      let arrived = 0;
      const first = await t.app({
        server: { clientId },
        controllers: [listenerFor(subject, { ...options, maxInFlight: 500 }, () => void (arrived += 1))],
      });
      await eventually(() => arrived === 500, { what: '500 unacked deliveries' });
      await first.close();
      expect(await t.broker.facts.pendingCount(subject)).toBe(500);

      let [running, mostRunning] = [0, 0];
      const handled = new Set<number>();
      const resumed = listenerFor(
        subject,
        { ...options, maxInFlight: 5, ackWaitMs: 5_000 },
        async (id: number, context) => {
          running += 1;
          mostRunning = Math.max(mostRunning, running);
          await quietFor(1);
          handled.add(id);
          running -= 1;
          context.ack();
        },
      );
      await t.app({ server: { clientId }, controllers: [resumed] });
      await eventually(() => expect(handled.size).toBe(500), { what: 'all 500', timeoutMs: 30_000 });
      expect(mostRunning).toBeLessThanOrEqual(5);
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
    });
  },
  { clock: 'real' },
);
