import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Database } from '../../../sample-app/database/database.js';
import type { BrokerRow, TestBroker } from '../../support/brokers.js';
import { eventually } from '../../support/wait.js';
import type { TestPostgres } from './database.js';
import { startTestShop } from './test-shop.js';
import type { TestShop } from './test-shop.js';

const ticketCount = 20;
const updatesPerTicket = 100;
const orderTicketCount = 6;
const ordersPerTicket = 5;

/** After so many updates the next instance is killed; three instances of two services, so each dies several times. */
const updatesPerKill = 110;
/** After so many updates the server is killed and started again. */
const restartsAt = [600, 1_400];

/** The whole shop under fire, on one broker. */
export function crashSuite(row: BrokerRow, postgres: TestPostgres): void {
  it('agrees on every ticket and loses or doubles no order while instances and the server are killed', async () => {
    const broker = await row.start({
      clock: 'real',
      persistent: true,
      heartbeat: { intervalMs: 5_000, timeoutMs: 5_000, failCount: 2 },
    });
    const shop = await startTestShop(broker, postgres.url, 3);
    const tickets = await createTickets(shop, ticketCount);
    const orderTickets = await createTickets(shop, orderTicketCount);

    const fire = new CrossFire(shop, broker);
    const [, orders] = await Promise.all([
      Promise.all(tickets.map((id) => updateManyTimes(shop, id, () => fire.updateDone()))),
      Promise.all(orderTickets.map((id) => orderAndCancel(shop, id))),
    ]);
    await fire.isOver();

    await bothAgree(shop);
    expect(fire.kills).toBeGreaterThanOrEqual(15);
    expect(await versionsOf(shop.databases.tickets, tickets)).toEqual(tickets.map(() => updatesPerTicket));
    await ordersAreExactly(shop, orders.flat());
    await nothingIsPending(broker);
  }, 240_000);
}

/** Kills instances in turn, and the server now and then, as the work goes on. */
class CrossFire {
  kills = 0;
  private updates = 0;
  private readonly restarts: Promise<void>[] = [];

  constructor(
    private readonly shop: TestShop,
    private readonly broker: TestBroker,
  ) {}

  updateDone(): void {
    this.updates += 1;
    if (this.updates % updatesPerKill === 0) this.killNext();
    if (restartsAt.includes(this.updates)) this.restarts.push(this.broker.restart({ state: 'kept' }));
  }

  async isOver(): Promise<void> {
    await Promise.all(this.restarts);
  }

  private killNext(): void {
    const all = this.shop.instances.views();
    const next = all[(this.kills * 5) % all.length]!;
    this.shop.instances.find(next.name)!.kill();
    this.kills += 1;
  }
}

async function createTickets(shop: TestShop, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await Promise.all(ids.map((id) => shop.ask('tickets', 'POST', '/tickets', { id, title: 'concert', price: 10 })));
  return ids;
}

/** Each update names the version that it builds on: sent again after it had been carried out, it changes nothing. */
async function updateManyTimes(shop: TestShop, id: string, done: () => void): Promise<void> {
  for (let version = 0; version < updatesPerTicket; version += 1) {
    const { status } = await shop.ask('tickets', 'PATCH', `/tickets/${id}`, { price: 10 + version, version });
    if (status === 409)
      expect((await shop.ask('tickets', 'GET', `/tickets/${id}`)).body).toMatchObject({ version: version + 1 });
    else expect(status).toBe(200);
    done();
  }
}

interface PlacedOrder {
  readonly id: string;
  readonly ticketId: string;
  readonly cancelled: boolean;
}

/** Orders one ticket again and again; the last order stands. */
async function orderAndCancel(shop: TestShop, ticketId: string): Promise<PlacedOrder[]> {
  await eventually(
    async () => (await shop.databases.orders.query('SELECT FROM tickets WHERE id = $1', [ticketId])).rowCount === 1,
    { what: 'orders to know the ticket', timeoutMs: 60_000 },
  );
  const orders: PlacedOrder[] = [];
  for (let turn = 1; turn <= ordersPerTicket; turn += 1) {
    const [id, cancelled] = [randomUUID(), turn < ordersPerTicket];
    expect(await shop.ask('orders', 'POST', '/orders', { id, ticketId })).toMatchObject({ status: 201 });
    if (cancelled) expect(await shop.ask('orders', 'DELETE', `/orders/${id}`)).toMatchObject({ status: 200 });
    orders.push({ id, ticketId, cancelled });
  }
  return orders;
}

const allTickets = 'SELECT id, version, title, price, order_id FROM tickets ORDER BY id';

async function bothAgree({ databases }: TestShop): Promise<void> {
  await eventually(
    async () => {
      for (const database of Object.values(databases)) {
        expect((await database.query('SELECT FROM outbox')).rowCount).toBe(0);
      }
      const [own, copies] = await Promise.all([
        databases.tickets.query(allTickets),
        databases.orders.query(allTickets),
      ]);
      expect(copies.rows).toEqual(own.rows);
      const [published, seen] = await Promise.all([
        databases.orders.query('SELECT id, turns - 1 AS version FROM tickets WHERE turns > 0 ORDER BY id'),
        databases.tickets.query(
          `SELECT key::uuid AS id, version::int FROM nestjs_stan.versions
            WHERE consumer = 'tickets' AND stream = 'orders of a ticket' ORDER BY 1`,
        ),
      ]);
      expect(seen.rows).toEqual(published.rows);
      for (const database of Object.values(databases))
        expect((await database.query('SELECT FROM nestjs_stan.parked')).rowCount).toBe(0);
    },
    { what: 'both services to agree', timeoutMs: 90_000, intervalMs: 100 },
  );
}

async function versionsOf(database: Database, ids: readonly string[]): Promise<number[]> {
  const { rows } = await database.query<{ id: string; version: number }>('SELECT id, version FROM tickets');
  const byId = new Map(rows.map(({ id, version }) => [id, version]));
  return ids.map((id) => byId.get(id) ?? -1);
}

/** Each order is there once, reserved its ticket once, and released it once where it was cancelled. */
async function ordersAreExactly({ databases }: TestShop, placed: readonly PlacedOrder[]): Promise<void> {
  const stored = await databases.orders.query('SELECT id, ticket_id AS "ticketId", version FROM orders ORDER BY id');
  const expected = placed.map(({ id, ticketId, cancelled }) => ({ id, ticketId, version: cancelled ? 1 : 0 }));
  expect(stored.rows).toEqual(expected.sort((a, b) => (a.id < b.id ? -1 : 1)));
  const standing = placed.filter(({ cancelled }) => !cancelled);
  for (const { id, ticketId } of standing) {
    const sql = 'SELECT order_id AS "orderId", version FROM tickets WHERE id = $1';
    const { rows } = await databases.tickets.query(sql, [ticketId]);
    expect(rows).toEqual([{ orderId: id, version: 2 * ordersPerTicket - 1 }]);
  }
}

async function nothingIsPending(broker: TestBroker): Promise<void> {
  const subjects = ['ticket:created', 'ticket:updated', 'order:created', 'order:cancelled'];
  await eventually(
    async () => {
      for (const subject of subjects) {
        const members = await broker.facts.subscriptions(subject);
        expect(members.length, `members of ${subject}`).toBeGreaterThan(0);
        expect(members.map((member) => member.pending_count)).toEqual(members.map(() => 0));
      }
    },
    { what: 'the server to have nothing pending', timeoutMs: 30_000, intervalMs: 200 },
  );
  for (const service of ['tickets', 'orders'])
    expect(await broker.facts.storedCount(`${service}:dead-letters`)).toBe(0);
}
