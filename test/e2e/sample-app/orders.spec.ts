import { randomUUID } from 'node:crypto';
import { ConflictException, NotFoundException } from '@nestjs/common';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../sample-app/database/database.js';
import { OutboxRelay } from '../../../sample-app/messaging/outbox-relay.js';
import { Outbox } from '../../../sample-app/messaging/outbox.js';
import { OrdersRepository } from '../../../sample-app/orders/orders.repository.js';
import { ordersSchema } from '../../../sample-app/orders/orders.schema.js';
import { OrdersService } from '../../../sample-app/orders/orders.service.js';
import { TicketCopiesRepository } from '../../../sample-app/orders/ticket-copies.repository.js';
import { usePostgres } from './database.js';

describe('the service orders', () => {
  const postgres = usePostgres();
  const copies = new TicketCopiesRepository();
  let database: Database;
  let orders: OrdersService;

  beforeAll(async () => {
    database = await postgres.emptyDatabase(ordersSchema);
    const relay = new OutboxRelay(database, { publish: () => Promise.resolve() });
    orders = new OrdersService(database, new OrdersRepository(), copies, new Outbox(), relay);
  });

  const knownTicket = async () => {
    const id = randomUUID();
    await copies.insert(database, { id, version: 0, title: 'concert', price: 20 });
    return id;
  };
  const outboxOf = async (ticketId: string) => {
    const sql = 'SELECT subject, event FROM outbox WHERE aggregate_id = $1 ORDER BY id';
    const { rows } = await database.query<{ subject: string; event: { turn: number } }>(sql, [ticketId]);
    return rows.map(({ subject, event }) => `${event.turn} ${subject}`);
  };

  it('sells a ticket once, whoever asks at the same moment', async () => {
    const ticketId = await knownTicket();
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => orders.place({ ticketId })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    for (const reason of reasons) expect(reason).toBeInstanceOf(ConflictException);
  });

  it('answers a repeated request with the order that the first one made', async () => {
    const [id, ticketId] = [randomUUID(), await knownTicket()];
    const first = await orders.place({ id, ticketId });
    expect(await orders.place({ id, ticketId })).toEqual(first);
    expect(await outboxOf(ticketId)).toEqual(['0 order:created']);
  });

  it('keeps the price of the moment in which the order was placed', async () => {
    const ticketId = await knownTicket();
    const { id } = await orders.place({ ticketId });
    await copies.replace(database, { id: ticketId, version: 1, title: 'concert', price: 90, orderId: null });
    expect(await orders.find(id)).toMatchObject({ price: 20 });
  });

  it('cancels an order once, and frees its ticket for another one', async () => {
    const ticketId = await knownTicket();
    const { id } = await orders.place({ ticketId });
    const outcomes = await Promise.all([orders.cancel(id), orders.cancel(id), orders.cancel(id)]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'cancelled', version: 1 });
    expect(await outboxOf(ticketId)).toEqual(['0 order:created', '1 order:cancelled']);
    expect(await orders.place({ ticketId })).toMatchObject({ status: 'created' });
  });

  it('counts the events about one ticket through, whichever order they are of', async () => {
    const ticketId = await knownTicket();
    const { id } = await orders.place({ ticketId });
    await orders.cancel(id);
    await orders.place({ ticketId });
    expect(await outboxOf(ticketId)).toEqual(['0 order:created', '1 order:cancelled', '2 order:created']);
  });

  it('refuses an order for a ticket whose event has not arrived', async () => {
    await expect(orders.place({ ticketId: randomUUID() })).rejects.toThrow(NotFoundException);
  });
});
