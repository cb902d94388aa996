import { describe, expect, it } from 'vitest';
import { runDeadLetters } from '../../../lib/cli/dead-letters/run-dead-letters.js';
import type { DeadLetter } from '../../../lib/core/dead-letters/dead-letter.js';
import { NonRetriableException, durableQueue } from '../../../lib/index.js';
import type { Contract } from '../../support/contract.js';
import { Recorder, contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { testIo } from '../../support/test-io.js';

interface Ticket {
  readonly id: number;
}

contract('dead letters of a running service', (t) => {
  describe('an event that one of two services gave up on', () => {
    it('is listed, and replayed with --handler runs in that service alone, with its original sequence', async () => {
      const shop = await startShop(t);
      await shop.publish({ id: 1 });
      await shop.whenDead(1);
      expect(shop.billing.data).toEqual([{ id: 1 }]);

      shop.mend();
      expect(await command(t, ['replay', '--all', '--handler', '--subject', shop.dead])).toContain('1 replayed');
      await t.eventually(() => shop.orders.count === 1, { what: 'the replayed event' });
      expect(shop.orders.deliveries[0]).toMatchObject({ data: { id: 1 }, sequence: 1, redelivered: true });

      await shop.publish({ id: 2 });
      await t.eventually(() => shop.orders.count === 2 && shop.billing.count === 2);
      expect(shop.billing.data).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await listed(t, shop.dead)).toEqual([]);
    });

    it('replayed to its subject reaches both services', async () => {
      const shop = await startShop(t);
      await shop.publish({ id: 1 });
      await shop.whenDead(1);
      shop.mend();
      await command(t, ['replay', '--all', '--subject', shop.dead]);
      await t.eventually(() => shop.orders.count === 1 && shop.billing.count === 2);
    });

    it('comes back as a new dead letter, of the original event, when the handler fails once more', async () => {
      const shop = await startShop(t);
      await shop.publish({ id: 1 });
      await shop.whenDead(1);
      await command(t, ['replay', '--all', '--handler', '--subject', shop.dead]);
      const [letter] = await t.eventually(async () => {
        const open = await listed(t, shop.dead);
        return open.length === 1 && open;
      });
      expect(letter).toMatchObject({
        subject: shop.event,
        sequence: 1,
        service: 'orders',
        payload: { data: '{"id":1}' },
      });
      expect(letter?.deliveries).toBeGreaterThan(1);
    });
  });
});

/** Two services on one event subject; `orders` gives every event up until it is mended. */
async function startShop(t: Contract) {
  const event = fresh('ticket');
  const dead = fresh('dead');
  const orders = new Recorder<Ticket>();
  const billing = new Recorder<Ticket>();
  let isBroken = true;
  const failing = listenerFor(event, { ...durableQueue('orders'), deadLetter: { subject: dead } }, (data, context) => {
    if (isBroken) throw new NonRetriableException('price is missing');
    orders.add(data, context);
  });
  const fine = listenerFor(event, durableQueue('billing'), (data, context) => {
    billing.add(data, context);
  });
  await t.app({ controllers: [failing] });
  await t.app({ controllers: [fine] });
  const client = await t.rawClient();
  return {
    event,
    dead,
    orders,
    billing,
    mend: () => (isBroken = false),
    publish: (ticket: Ticket) => client.publish(event, JSON.stringify(ticket)),
    whenDead: (count: number) =>
      t.eventually(async () => (await listed(t, dead)).length === count, { what: 'a dead letter' }),
  };
}

async function command(t: Contract, argv: readonly string[]): Promise<string> {
  const io = testIo({ env: { NATS_URL: t.broker.url, NATS_CLUSTER_ID: t.broker.clusterId, ...t.broker.cliEnv } });
  const exitCode = await runDeadLetters(argv, io);
  expect(exitCode, io.err()).toBe(0);
  return io.out();
}

async function listed(t: Contract, dead: string): Promise<DeadLetter[]> {
  const entries = JSON.parse(await command(t, ['list', '--json', '--subject', dead])) as { letter: DeadLetter }[];
  return entries.map(({ letter }) => letter);
}
