import type { StanSubscriptionOptions } from 'nestjs-stan';
import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import type { Contract } from '../support/contract.js';
import { contract, emitAll, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { eventually, latch, quietFor } from '../support/wait.js';
import { watchConnection } from './watch.js';

const quick = {
  connectTimeoutMs: 500,
  pingIntervalMs: 1_000,
  maxPingsOut: 2,
  reconnect: { initialDelayMs: 50, maxDelayMs: 500 },
};

/** What tells that the pings have run out. */
const lossOf = (t: Contract) => (t.broker.features.sessions ? 'sessionLost' : 'transportLost');

/** An app behind a proxy, whose session a test ends by swallowing every byte until the pings run out. */
async function startBehindProxy(
  t: Contract,
  subject: string,
  options: StanSubscriptionOptions,
  handle: (id: number) => unknown,
) {
  const proxy = await startTcpProxy(() => t.broker.port);
  const app = await t.app({
    server: { ...quick, servers: proxy.url },
    controllers: [listenerFor(subject, options, handle)],
  });
  const watch = watchConnection(app.server);
  const skipped: { sequence: number; reason: string }[] = [];
  app.server.on('deliverySkipped', ({ sequence, reason }) => void skipped.push({ sequence, reason }));
  const loss = lossOf(t);
  const loseSession = async () => {
    const before = watch.count(loss);
    proxy.swallow();
    await eventually(() => watch.count(loss) > before, { what: 'the loss', timeoutMs: 20_000 });
  };
  const regainSession = async () => {
    proxy.restore();
    await eventually(() => watch.statuses.at(-1) === 'connected', { what: 'the next session', timeoutMs: 20_000 });
  };
  return { app, watch, skipped, loseSession, regainSession };
}

contract(
  'a session that dies and is made again',
  (t) => {
    it('F46 resumes a non-durable subscription after its last settled event; none is skipped, none runs twice', async () => {
      const subject = fresh('orders');
      const handled: number[] = [];
      const client = await t.client();
      await emitAll(client, subject, [-2, -1]);
      // A server that still takes the lost connection for a live one sends to it, and again after ack wait.
      const behind = await startBehindProxy(t, subject, { ackWaitMs: 3_000 }, (id) => void handled.push(id));
      await emitAll(client, subject, upTo(10));
      await eventually(() => handled.length === 10);

      await behind.loseSession();
      await emitAll(client, subject, [10, 11, 12]);
      await behind.regainSession();
      await emitAll(client, subject, [13]);
      // In order where a session has its own deliveries.
      const inOrder = () => (t.broker.features.sessions ? handled : handled.toSorted((one, other) => one - other));
      await eventually(() => expect(inOrder()).toEqual(upTo(14)));
    });

    it('F46 delivers again what a non-durable subscription had not settled, and nothing that it had', async () => {
      const subject = fresh('orders');
      const handled: number[] = [];
      let fails = true;
      const client = await t.client();
      // A consumer that outlives the connection sends again by its ack wait, a new session at once.
      const behind = await startBehindProxy(t, subject, { ackWaitMs: 3_000 }, (id) => {
        if (id === 3 && fails) throw new Error('not now');
        handled.push(id);
      });
      await emitAll(client, subject, upTo(6));
      await eventually(() => expect(handled).toEqual([0, 1, 2, 4, 5]));
      fails = false;

      await behind.loseSession();
      await behind.regainSession();
      await eventually(() => expect(handled).toEqual([0, 1, 2, 4, 5, 3]));
      await emitAll(client, subject, [6]);
      await eventually(() => expect(handled).toEqual([0, 1, 2, 4, 5, 3, 6]));
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
    });

    it('F46 misses nothing that is published before a new-only subscription has seen its first event', async () => {
      const subject = fresh('orders');
      const handled: number[] = [];
      const client = await t.client();
      await emitAll(client, subject, [-2, -1]);
      await quietFor(50);
      const behind = await startBehindProxy(t, subject, {}, (id) => void handled.push(id));
      await behind.loseSession();
      await emitAll(client, subject, [0, 1]);
      await behind.regainSession();
      await eventually(() => expect(handled).toEqual([0, 1]));
    });

    it.each(['afterHandler', 'onDelivery'] as const)(
      'F46 runs nothing twice when the server was away, with its state, for longer than the session lasts (%s)',
      async (ackMode) => {
        const subject = fresh('orders');
        const handled: number[] = [];
        const client = await t.client({ ...quick, publishTimeoutMs: 20_000 });
        const app = await t.app({
          server: quick,
          controllers: [listenerFor(subject, { ackMode }, (id: number) => void handled.push(id))],
        });
        const watch = watchConnection(app.server);
        await emitAll(client, subject, upTo(10));
        await eventually(() => handled.length === 10);

        await t.broker.kill();
        await eventually(() => watch.count(lossOf(t)) === 1, { what: 'the loss', timeoutMs: 20_000 });
        await t.broker.restart({ state: 'kept' });
        await emitAll(client, subject, [10, 11]);
        await eventually(() => expect(new Set(handled)).toEqual(new Set(upTo(12))), { timeoutMs: 20_000 });
        if (t.broker.features.sessions)
          expect(watch.events).toContainEqual(
            expect.objectContaining({ type: 'sessionRestored', serverChanged: true }),
          );
        // A sentinel after everything that a resume could bring again.
        await emitAll(client, subject, [12]);
        await eventually(() => expect(handled).toContain(12));
        expect(handled).toEqual(upTo(13));
      },
    );

    it('F48 lets a handler finish whose session dies meanwhile, runs it once, and acks its event in the next session', async () => {
      const subject = fresh('orders');
      const [started, mayEnd] = [latch(), latch()];
      let runs = 0;
      const behind = await startBehindProxy(t, subject, durableQueue(fresh('orders')), async () => {
        runs += 1;
        started.open();
        await mayEnd.promise;
      });
      const client = await t.client();
      await emitAll(client, subject, [1]);
      await started.wait();

      await behind.loseSession();
      await behind.regainSession();
      // Without a session of its own a delivery goes on as if nothing had been.
      if (t.broker.features.sessions)
        await eventually(() => expect(behind.skipped).toEqual([{ sequence: 1, reason: 'running' }]));
      expect(await t.broker.facts.pendingCount(subject)).toBe(1);
      mayEnd.open();
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
      expect(runs).toBe(1);
    });

    it('F48 acks an event again whose handler finished while there was no session, and does not run it again', async () => {
      const subject = fresh('orders');
      const [started, mayEnd, ended] = [latch(), latch(), latch()];
      let runs = 0;
      const behind = await startBehindProxy(t, subject, durableQueue(fresh('orders')), async () => {
        runs += 1;
        started.open();
        await mayEnd.promise;
        ended.open();
      });
      const client = await t.client();
      await emitAll(client, subject, [1]);
      await started.wait();

      await behind.loseSession();
      mayEnd.open();
      await ended.wait();
      await behind.regainSession();
      if (t.broker.features.sessions)
        await eventually(() => expect(behind.skipped).toEqual([{ sequence: 1, reason: 'handled' }]));
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
      expect(runs).toBe(1);
    });

    it('F48 leaves an event to the server whose handler fails while there is no session', async () => {
      const subject = fresh('orders');
      const [started, mayEnd] = [latch(), latch()];
      let runs = 0;
      const behind = await startBehindProxy(
        t,
        subject,
        { ...durableQueue(fresh('orders')), ackWaitMs: 3_000 },
        async () => {
          runs += 1;
          if (runs > 1) return;
          started.open();
          await mayEnd.promise;
          throw new Error('not now');
        },
      );
      const client = await t.client();
      await emitAll(client, subject, [1]);
      await started.wait();

      await behind.loseSession();
      mayEnd.open();
      await behind.regainSession();
      await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
      expect(runs).toBe(2);
    });
  },
  { clock: 'real' },
);
