// An event that is sent again since its ack was lost is stored once: `Nats-Msg-Id`.
import type { NatsConnection } from '@nats-io/transport-node';
import { jetstream } from 'nestjs-stan/jetstream';
import { expect, it } from 'vitest';
import { contract, emitAll, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { eventually, quietFor } from '../../support/wait.js';

const reconnect = { initialDelayMs: 50, maxDelayMs: 200 };

contract(
  'an event that is sent twice',
  (t) => {
    const storedIds = async (subject: string) =>
      (await (await t.rawClient()).readAll(subject)).map((message) => Number(message.getRawData().toString()));

    it('is stored once where its ack was lost, and its receipt says so with the first sequence', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect });
      await client.emitAsync(subject, -1);
      proxy.swallow('toClient');
      const receipts = Promise.all(upTo(50).map((id) => client.emitAsync(subject, id)));
      await eventually(async () => expect(await t.broker.facts.storedCount(subject)).toBe(51));
      proxy.restore();
      expect(new Set((await receipts).map(({ attempts, duplicate }) => `${attempts} ${String(duplicate)}`))).toEqual(
        new Set(['2 true']),
      );
      expect(await storedIds(subject)).toEqual([-1, ...upTo(50)]);
    });

    it('is known again by a server that was killed and started in between', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const client = await t.client({ servers: proxy.url, reconnect });
      await client.emitAsync(subject, -1);
      proxy.swallow('toClient');
      const publishing = emitAll(client, subject, upTo(50));
      await eventually(async () => expect(await t.broker.facts.storedCount(subject)).toBe(51));
      await t.broker.restart({ state: 'kept' });
      proxy.restore();
      await publishing;
      expect(await storedIds(subject)).toEqual([-1, ...upTo(50)]);
    });

    it('is stored twice where the second comes after duplicateWindowMs', async () => {
      const subject = fresh('orders');
      const proxy = await startTcpProxy(() => t.broker.port);
      const driver = jetstream({ stream: { duplicateWindowMs: 500 } });
      const client = await t.client({ servers: proxy.url, reconnect, driver });
      await client.emitAsync(subject, -1);
      proxy.swallow('toClient');
      const publishing = client.emitAsync(subject, 0);
      await eventually(async () => expect(await t.broker.facts.storedCount(subject)).toBe(2));
      await quietFor(1_500);
      proxy.restore();
      const { attempts, duplicate } = await publishing;
      expect([attempts, duplicate]).toEqual([2, undefined]);
      expect(await storedIds(subject)).toEqual([-1, 0, 0]);
    });

    it('JS-PUB-3 is acked by its stream in the order of the publishes to it', async () => {
      const subjects = [fresh('orders'), fresh('tickets')];
      const client = await t.client();
      // The streams are there.
      for (const subject of subjects) await client.emitAsync(subject, 0);
      const nats = client.unwrap<NatsConnection>();
      const acked = new Map(subjects.map((subject) => [subject, [] as number[]]));
      for (const subject of subjects) {
        nats.subscribe(`${subject}.acks`, {
          callback: (_error, message) => void acked.get(subject)?.push(message.json<{ seq: number }>().seq),
        });
      }
      for (const id of upTo(500))
        for (const subject of subjects) nats.publish(subject, String(id), { reply: `${subject}.acks` });
      await eventually(() => [...acked.values()].every(({ length }) => length === 500));
      const inOrder = Array.from({ length: 500 }, (_, index) => index + 2);
      for (const sequences of acked.values()) expect(sequences).toEqual(inOrder);
    });
  },
  { clock: 'real', needs: ['dedup'] },
);
