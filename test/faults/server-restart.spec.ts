import { durableQueue } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';
import { contract, emitAll, listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually } from '../support/wait.js';
import { startLoad } from './load.js';
import { watchConnection } from './watch.js';

const reconnect = { initialDelayMs: 50, maxDelayMs: 500 };

contract(
  'a server that is killed and started again',
  (t) => {
    describe('with its state', () => {
      it.each([
        ['a third', 3_333],
        ['a half', 5_000],
      ])('F40 hands on all of 10 000 events when it dies after %s of them', async (_, killAt) => {
        const subject = fresh('orders');
        const handled: number[] = [];
        const app = await t.app({
          server: { reconnect },
          controllers: [
            listenerFor(
              subject,
              { ...durableQueue(fresh('orders')), ackWaitMs: 2_000 },
              (id: number) => void handled.push(id),
            ),
          ],
        });
        const watch = watchConnection(app.server);
        const client = await t.client({ reconnect });
        const load = startLoad(client, subject, { count: 10_000, width: 200 });
        await eventually(() => handled.length >= killAt, {
          what: `${killAt} events`,
          intervalMs: 1,
          timeoutMs: 30_000,
        });
        await t.broker.restart({ state: 'kept' });

        await load.done;
        expect(load.rejected).toEqual([]);
        await eventually(() => expect(new Set(handled).size).toBe(10_000), { what: 'all', timeoutMs: 30_000 });
        await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0), { timeoutMs: 30_000 });
        // Handled twice only where the publisher had to send twice: an arrival after a lost ack starts no handler.
        const twice = handled.filter((id, index) => handled.indexOf(id) !== index);
        expect(twice.filter((id) => t.broker.features.dedup || !load.sentAgain.has(id))).toEqual([]);
        expect(watch.statuses.at(-1)).toBe('connected');
        expect(watch.statuses).toContain('reconnecting');
      });
    });

    describe('without its state', () => {
      it('F41 serves everybody again, publishing goes on, and the status says so', async () => {
        const subject = fresh('orders');
        const handled: number[] = [];
        const app = await t.app({
          server: { reconnect },
          controllers: [listenerFor(subject, durableQueue(fresh('orders')), (id: number) => void handled.push(id))],
        });
        const watch = watchConnection(app.server);
        const client = await t.client({ reconnect });
        const publisherWatch = watchConnection(client);
        await emitAll(client, subject, upTo(10));
        await eventually(() => handled.length === 10);

        await t.broker.restart({ state: 'lost' });
        await emitAll(client, subject, [10, 11, 12]);

        await eventually(() => expect(handled).toEqual(upTo(13)));
        await eventually(() => expect(watch.statuses.at(-1)).toBe('connected'));
        expect(watch.statuses).toEqual(['connected', 'reconnecting', 'connected']);
        if (t.broker.features.sessions) {
          expect(watch.count('sessionLost')).toBe(1);
          expect(watch.events).toContainEqual(
            expect.objectContaining({ type: 'sessionRestored', serverChanged: true }),
          );
        } else expect(watch.types).toEqual(['transportLost', 'transportRestored']);
        expect(publisherWatch.statuses.slice(-2)).toEqual(['reconnecting', 'connected']);
        await eventually(async () => expect(await t.broker.facts.clientIds()).toContain(app.clientId));
        expect(await t.broker.facts.subscriptions(subject)).toMatchObject([{ is_offline: false, last_sent: 3 }]);
      });

      it.each(['new', 'first', 'lastReceived'] as const)(
        'F41 shows the new events to a non-durable subscription from %s, although their sequences start over',
        async (startAt) => {
          const subject = fresh('orders');
          const handled: number[] = [];
          const client = await t.client({ reconnect });
          await t.app({
            server: { reconnect },
            controllers: [listenerFor(subject, { startAt }, (id: number) => void handled.push(id))],
          });
          await emitAll(client, subject, upTo(10));
          await eventually(() => handled.length === 10);

          await t.broker.restart({ state: 'lost' });
          await emitAll(client, subject, [10, 11, 12]);
          await eventually(() => expect(handled).toEqual(upTo(13)));
        },
      );

      it('F41 shows the new events to a subscription that acks on arrival, and none of the old ones again', async () => {
        const subject = fresh('orders');
        const handled: number[] = [];
        const client = await t.client({ reconnect });
        await t.app({
          server: { reconnect },
          controllers: [listenerFor(subject, { ackMode: 'onDelivery' }, (id: number) => void handled.push(id))],
        });
        await emitAll(client, subject, upTo(10));
        await eventually(() => handled.length === 10);

        await t.broker.restart({ state: 'lost' });
        await emitAll(client, subject, [10, 11, 12]);
        await eventually(() => expect(handled).toEqual(upTo(13)));
      });
    });
  },
  { clock: 'real' },
);
