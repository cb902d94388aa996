// A service moves from another STAN transport to this one, instance by instance: both are members of one durable queue.
import type { Message } from 'node-nats-streaming';
import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, listenerFor, upTo } from '../support/contract.js';
import type { Contract } from '../support/contract.js';
import { fresh } from '../support/fresh.js';

/** What the course's classes and most transports do: node-nats-streaming with manual acks. */
async function startOldInstance(t: Contract, subject: string, name: string) {
  const [client, handled] = [await t.rawClient(), [] as number[]];
  const options = client.stan
    .subscriptionOptions()
    .setManualAckMode(true)
    .setDeliverAllAvailable()
    .setDurableName(name)
    .setAckWait(2_000);
  const subscription = client.stan.subscribe(subject, name, options);
  subscription.on('message', (message: Message) => {
    handled.push(Number(message.getData()));
    message.ack();
  });
  await new Promise((resolve) => subscription.once('ready', resolve));
  return { client, handled };
}

contract(
  'a rolling migration from another transport',
  (t) => {
    it('shares the work of one durable queue between old and new instances, and leaves it whole to the new ones', async () => {
      const [subject, name, handled] = [fresh('orders'), fresh('queue'), [] as number[]];
      const publisher = await t.rawClient();
      const publish = async (ids: readonly number[]) => {
        for (const id of ids) await publisher.publish(subject, String(id));
      };
      const old = await startOldInstance(t, subject, name);
      await publish(upTo(10));
      await t.eventually(() => expect(old.handled).toHaveLength(10));

      const app = await t.app({
        server: { subscription: { ...durableQueue(name), ackWaitMs: 2_000 } },
        controllers: [listenerFor(subject, {}, (id: number) => void handled.push(id))],
      });
      const both = () => [...old.handled, ...handled].sort((a, b) => a - b);
      await publish(upTo(40).slice(10));
      await t.eventually(() => expect(both()).toEqual(upTo(40)));
      expect(handled.length).toBeGreaterThan(0);

      await old.client.close();
      await publish(upTo(60).slice(40));
      await t.eventually(() => expect(both()).toEqual(upTo(60)));

      // And back: the old one takes up the durable where the new one left it.
      await app.close();
      await publish(upTo(70).slice(60));
      const again = await startOldInstance(t, subject, name);
      await t.eventually(() => expect(again.handled).toEqual(upTo(70).slice(60)));
    });
  },
  { needs: ['stanWire'] },
);
