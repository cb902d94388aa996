import { randomUUID } from 'node:crypto';
import { ConflictException, NotFoundException } from '@nestjs/common';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../sample-app/database/database.js';
import { OutboxRelay } from '../../../sample-app/messaging/outbox-relay.js';
import { Outbox } from '../../../sample-app/messaging/outbox.js';
import { TicketsRepository } from '../../../sample-app/tickets/tickets.repository.js';
import { ticketsSchema } from '../../../sample-app/tickets/tickets.schema.js';
import { TicketsService } from '../../../sample-app/tickets/tickets.service.js';
import { eventually } from '../../support/wait.js';
import { usePostgres } from './database.js';

describe('the service tickets', () => {
  const postgres = usePostgres();
  let database: Database;
  let tickets: TicketsService;

  beforeAll(async () => {
    database = await postgres.emptyDatabase(ticketsSchema);
    const relay = new OutboxRelay(database, { publish: () => Promise.resolve() });
    tickets = new TicketsService(database, new TicketsRepository(), new Outbox(), relay);
  });

  const create = () => tickets.create({ title: 'concert', price: 20 });
  const outboxOf = async (id: string) => {
    const sql = 'SELECT subject, event FROM outbox WHERE aggregate_id = $1 ORDER BY id';
    const { rows } = await database.query<{ subject: string; event: { version: number } }>(sql, [id]);
    return rows.map(({ subject, event }) => `${subject} v${event.version}`);
  };

  it('writes each change and its event together, with versions that count from 0', async () => {
    const { id } = await create();
    expect(await tickets.reprice(id, { price: 25.5 })).toMatchObject({ version: 1, price: 25.5 });
    expect(await outboxOf(id)).toEqual(['ticket:created v0', 'ticket:updated v1']);
  });

  it('makes one ticket of two requests with the same id', async () => {
    const id = randomUUID();
    await tickets.create({ id, title: 'opera', price: 80 });
    expect(await tickets.create({ id, title: 'opera', price: 80 })).toMatchObject({ id, version: 0 });
    expect(await outboxOf(id)).toEqual(['ticket:created v0']);
  });

  it('loses no update when twenty are made at the same moment', async () => {
    const { id } = await create();
    const prices = Array.from({ length: 20 }, (_, index) => index + 1);
    await Promise.all(prices.map((price) => tickets.reprice(id, { price })));
    expect(await tickets.find(id)).toMatchObject({ version: 20 });
    expect(await outboxOf(id)).toEqual(['ticket:created v0', ...prices.map((version) => `ticket:updated v${version}`)]);
  });

  it('lets exactly one of several callers change the version that all of them have seen', async () => {
    const { id } = await create();
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((price) => tickets.reprice(id, { price, version: 0 })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    for (const reason of reasons) expect(reason).toBeInstanceOf(ConflictException);
    expect(await tickets.find(id)).toMatchObject({ version: 1 });
  });

  it('gives a ticket to one order at a time, and takes it back from that order only', async () => {
    const { id } = await create();
    const [first, second] = [randomUUID(), randomUUID()];
    const reserve = (order: string) => database.transaction((on) => tickets.reserve(on, id, order));
    const release = (order: string) => database.transaction((on) => tickets.release(on, id, order));
    await reserve(first);
    await expect(reserve(second)).rejects.toThrow('is held by order');
    await expect(release(second)).rejects.toThrow('is not held by order');
    expect(await tickets.find(id)).toMatchObject({ orderId: first, version: 1 });
    await release(first);
    await reserve(second);
    expect(await tickets.find(id)).toMatchObject({ orderId: second, version: 3 });
  });

  it('reserves a ticket whose price is being changed at the same moment, at the version after that', async () => {
    const { id } = await create();
    const order = randomUUID();
    const reserve = () => database.transaction((on) => tickets.reserve(on, id, order));
    await database.transaction(async (changing) => {
      const repriced = { id, version: 1, title: 'concert', price: 30, orderId: null };
      await new TicketsRepository().replace(changing, repriced);
      void reserve();
      await eventually(async () => (await waitingForLocks(database)) > 0, { what: 'the reservation to wait' });
    });
    await eventually(async () =>
      expect(await tickets.find(id)).toMatchObject({ version: 2, price: 30, orderId: order }),
    );
  });

  it('refuses to reprice a ticket that is reserved, and one that does not exist', async () => {
    const { id } = await create();
    await database.transaction((on) => tickets.reserve(on, id, randomUUID()));
    await expect(tickets.reprice(id, { price: 1 })).rejects.toThrow('is reserved');
    await expect(tickets.reprice(randomUUID(), { price: 1 })).rejects.toThrow(NotFoundException);
  });
});

async function waitingForLocks(database: Database): Promise<number> {
  const sql = 'SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = $1';
  return (await database.query(sql, ['Lock'])).rowCount ?? 0;
}
