// What JetStream can be told beside "done": later, and still at work.
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { durableQueue, RetryLaterException } from 'nestjs-stan';
import { jetstream } from 'nestjs-stan/jetstream';
import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { eventually, latch } from '../../support/wait.js';

contract(
  'answers beside an ack',
  (t) => {
    const pending = (subject: string) => t.broker.facts.pendingCount(subject);

    it('has the server keep an event that RetryLaterException puts off, beyond ack wait, with one delivery in all', async () => {
      const [subject, seen] = [fresh('orders'), new Recorder()];
      const skipped: unknown[] = [];
      const { server } = await t.app({
        controllers: [
          listenerFor(subject, { ...durableQueue('orders'), ackWaitMs: 1_000 }, (data, context) => {
            seen.add(data, context);
            if (seen.count === 1) throw new RetryLaterException(2_500);
          }),
        ],
      });
      server.on('deliverySkipped', (event) => skipped.push(event));
      await (await t.client()).emitAsync(subject, 1);
      await eventually(() => seen.count === 2, { what: 'the later try' });
      const [first, second] = seen.deliveries;
      expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(2_490);
      // STAN would have sent it after each second, to be held back here.
      expect([second!.redeliveryCount, skipped]).toEqual([1, []]);
      await eventually(async () => expect(await pending(subject)).toBe(0));
    });

    it('gives an event that is put off to another member where its own has gone', async () => {
      const subject = fresh('orders');
      const group = { ...durableQueue('orders'), ackWaitMs: 30_000 };
      const leaving = await t.app({
        controllers: [
          listenerFor(subject, group, () => {
            throw new RetryLaterException(1_500);
          }),
        ],
      });
      const failed = latch();
      leaving.server.on('handlerError', () => failed.open());
      await (await t.client()).emitAsync(subject, 1);
      await failed.wait();
      await leaving.close();
      const seen = new Recorder();
      await t.app({ controllers: [listenerFor(subject, group, (data, context) => seen.add(data, context))] });
      await eventually(() => seen.count === 1, { what: 'the event, long before its ack wait' });
      expect(seen.deliveries).toMatchObject([{ data: 1, redeliveryCount: 1 }]);
    });

    it('keeps the event of a slow handler with extendAckWait, and sends it again without', async () => {
      for (const extendAckWait of [true, false]) {
        const [subject, started, mayEnd] = [fresh('orders'), latch(), latch()];
        const skipped: string[] = [];
        let runs = 0;
        const { server, close } = await t.app({
          server: { driver: jetstream({ extendAckWait }) },
          controllers: [
            listenerFor(subject, { ...durableQueue('orders'), ackWaitMs: 1_000 }, async () => {
              runs += 1;
              started.open();
              await mayEnd.wait();
            }),
          ],
        });
        server.on('deliverySkipped', ({ reason }) => skipped.push(reason));
        await (await t.client()).emitAsync(subject, 1);
        await started.wait();
        if (extendAckWait) await t.pass(3_500);
        else await eventually(() => skipped.length > 0, { what: 'the second delivery' });
        expect([runs, new Set(skipped)]).toEqual([1, new Set(extendAckWait ? [] : ['running'])]);
        mayEnd.open();
        await eventually(async () => expect(await pending(subject)).toBe(0));
        await close();
      }
    });

    it('lets go of a slow event once its process is gone, and hands it to the next member after ack wait', async () => {
      const [subject, started] = [fresh('orders'), latch()];
      const group = { ...durableQueue('orders'), ackWaitMs: 1_000 };
      const driver = jetstream({ extendAckWait: true });
      const gone = await t.app({
        server: { driver, drainTimeoutMs: 50 },
        controllers: [
          listenerFor(subject, group, () => {
            started.open();
            return new Promise(() => undefined);
          }),
        ],
      });
      await (await t.client()).emitAsync(subject, 1);
      await started.wait();
      const native = gone.server.unwrap<NatsConnection>();
      await native.close();
      const seen = new Recorder();
      await t.app({ server: { driver }, controllers: [listenerFor(subject, group, (data, c) => seen.add(data, c))] });
      await eventually(() => expect(seen.data).toEqual([1]), { what: 'the event at the next member' });
    });

    it("gives the client's own message and connection, and bytes that a handler may change", async () => {
      const subject = fresh('orders');
      const native: Msg[] = [];
      const raw: string[] = [];
      const { server } = await t.app({
        controllers: [
          listenerFor(subject, { startAt: 'first' }, (_data, context) => {
            native.push(context.getMessage<Msg>());
            raw.push(context.getRawData().fill('x').toString(), context.getRawData().toString());
          }),
        ],
      });
      await (await t.client()).emitAsync(subject, 'ü');
      await eventually(() => native.length === 1);
      expect(native[0]!.subject).toBe(subject);
      expect(native[0]!.reply).toMatch(/^\$JS\.ACK\./);
      expect(native[0]!.headers?.get('Nats-Msg-Id')).not.toBe('');
      expect(raw).toEqual(['xxxx', '"ü"']);
      expect(server.unwrap<NatsConnection>().info?.jetstream).toBe(true);
    });

    it('goes on where something else sends to its inbox', async () => {
      const [subject, seen] = [fresh('orders'), [] as unknown[]];
      const driver = t.broker.driver;
      const spy = (await t.client()).unwrap<NatsConnection>();
      const inboxes: string[] = [];
      const watching = spy.subscribe('$JS.API.CONSUMER.MSG.NEXT.>', {
        callback: (_, { reply = '' }) => void inboxes.push(reply),
      });
      await spy.flush();
      await t.app({
        server: { driver },
        controllers: [listenerFor(subject, { startAt: 'first' }, (data) => seen.push(data))],
      });
      const [inbox = ''] = await eventually(() => inboxes.length > 0 && inboxes);
      watching.unsubscribe();
      for (const garbage of ['no message', '', '\u00ff']) spy.publish(inbox, garbage);
      spy.publish(inbox, 'forged', { reply: '$JS.ACK.a.b' });
      await emitAll(await t.client(), subject, upTo(3));
      await eventually(() => expect(seen).toEqual([0, 1, 2]));
    });
  },
  { clock: 'real', needs: ['nack'] },
);
