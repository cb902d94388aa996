import { randomUUID } from 'node:crypto';
import { ClientStan, uniqueClientId } from 'nestjs-stan';
import { beforeEach, expect, it } from 'vitest';
import type { FlowOutcome } from '../../../sample-app/service/service-messages.js';
import type { ShopEvents, Subject } from '../../../sample-app/shared/shop-events.js';
import type { BrokerRow } from '../../support/brokers.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { eventually } from '../../support/wait.js';
import type { TestPostgres } from './database.js';
import { startTestShop } from './test-shop.js';
import type { TestShop } from './test-shop.js';

/** What the shop makes of events that come early, or again, on one broker. */
export function countingSuite(row: BrokerRow, postgres: TestPostgres): void {
  let shop: TestShop;
  let client: ClientStan;

  beforeEach(async () => {
    const broker = await row.start({ clock: 'real' });
    shop = await startTestShop(broker, postgres.url, 1);
    const { url: servers, clusterId, driver } = broker;
    client = new ClientStan({ clusterId, servers, clientId: uniqueClientId('test'), ...(driver && { driver }) });
    cleanUpAfterTest(() => client.close());
  });

  const publish = <S extends Subject>(subject: S, event: ShopEvents[S]) => client.emitAsync(subject, event);
  const outcomesOf = (subject: Subject, sequence: number) =>
    shop.flow.filter((entry) => entry.subject === subject && entry.sequence === sequence).map(({ outcome }) => outcome);
  const comesTo = (subject: Subject, sequence: number, outcomes: FlowOutcome[]) =>
    eventually(() => expect(outcomesOf(subject, sequence)).toEqual(outcomes), {
      what: `${subject} #${sequence} to be ${outcomes.join(', ')}`,
      timeoutMs: 20_000,
    });
  const ticket = async (id: string) => (await shop.ask('tickets', 'GET', `/tickets/${id}`)).body;
  const newTicket = async () => {
    const { body } = await shop.ask('tickets', 'POST', '/tickets', { title: 'Concert', price: 20 });
    return (body as { id: string }).id;
  };

  it('takes the events about a ticket in their order, though they are of different orders', async () => {
    const ticketId = await newTicket();
    const [first, second] = [randomUUID(), randomUUID()];
    // By the versions of the orders alone, the second one would be next.
    await publish('order:created', { id: second, version: 0, ticketId, turn: 2, price: 20 });
    await comesTo('order:created', 1, ['parked']);
    expect(await ticket(ticketId)).toMatchObject({ orderId: null, version: 0 });
    await publish('order:cancelled', { id: first, version: 1, ticketId, turn: 1 });
    await comesTo('order:cancelled', 1, ['parked']);
    await publish('order:created', { id: first, version: 0, ticketId, turn: 0, price: 20 });
    await comesTo('order:created', 1, ['parked', 'counted']);
    expect(await ticket(ticketId)).toMatchObject({ orderId: second, version: 3 });
    // And what its handlers wrote into the outbox came to the other service.
    await comesTo('ticket:updated', 3, ['counted']);
  });

  it('runs nothing for an event that has counted before, and shows it as stale', async () => {
    const ticketId = await newTicket();
    const order = { id: randomUUID(), version: 0, ticketId, turn: 0, price: 20 };
    await publish('order:created', order);
    await comesTo('order:created', 1, ['counted']);
    await publish('order:created', order);
    await comesTo('order:created', 2, ['stale']);
    expect(shop.flow.find(({ outcome }) => outcome === 'stale')).toMatchObject({ id: ticketId, version: 0 });
    expect(await ticket(ticketId)).toMatchObject({ orderId: order.id, version: 1 });
  });

  it('prints one line for an early event, and no error', async () => {
    const id = await newTicket();
    await comesTo('ticket:created', 1, ['counted']);
    for (const version of [3, 2, 1]) {
      await publish('ticket:updated', { id, version, title: 'Concert', price: 20 + version, orderId: null });
      if (version > 1) await comesTo('ticket:updated', 4 - version, ['parked']);
    }
    for (const sequence of [1, 2]) await comesTo('ticket:updated', sequence, ['parked', 'counted']);
    const early = [3, 2].map(
      (version, index) => `ticket:updated #${index + 1} is parked: version ${version} of ticket ${id}`,
    );
    expect(shop.said).toHaveLength(2);
    expect(shop.said.map((line) => early.some((text) => line.includes(text)))).toEqual([true, true]);
  });
}
