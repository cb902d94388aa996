import { randomUUID } from 'node:crypto';
import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/database.js';
import { OutboxRelay } from '../messaging/outbox-relay.js';
import { Outbox } from '../messaging/outbox.js';
import type { PlaceOrder } from './order-requests.js';
import type { Order } from './order.js';
import { OrdersRepository } from './orders.repository.js';
import { TicketCopiesRepository } from './ticket-copies.repository.js';

/** What can be done with orders. Each change and its event are one transaction. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly database: Database,
    private readonly orders: OrdersRepository,
    private readonly tickets: TicketCopiesRepository,
    private readonly outbox: Outbox,
    private readonly relay: OutboxRelay,
  ) {}

  async list(): Promise<Order[]> {
    return this.orders.list(this.database);
  }

  async find(id: string): Promise<Order> {
    return this.existing(this.database, id);
  }

  async place({ id = randomUUID(), ticketId }: PlaceOrder): Promise<Order> {
    const placed = await this.database.transaction(async (transaction) => {
      const ticket = await this.tickets.find(transaction, ticketId);
      if (!ticket) throw new NotFoundException(`there is no ticket ${ticketId} (or its event has not arrived yet)`);
      const order: Order = { id, version: 0, status: 'created', ticketId, price: ticket.price };
      if (!(await this.orders.insert(transaction, order))) return this.sameOrder(transaction, order);
      const turn = await this.tickets.nextTurn(transaction, ticketId);
      const event = { id, version: 0, ticketId, turn, price: ticket.price };
      await this.outbox.add(transaction, 'order:created', event, ticketId);
      return order;
    });
    this.relay.kick();
    return placed;
  }

  /** Idempotent: an order that is cancelled already stays so. */
  async cancel(id: string): Promise<Order> {
    const cancelled = await this.database.transaction(async (transaction) => {
      const order = await this.existing(transaction, id);
      if (order.status === 'cancelled') return order;
      const next: Order = { ...order, version: order.version + 1, status: 'cancelled' };
      if (!(await this.orders.replace(transaction, next))) return this.existing(transaction, id);
      const turn = await this.tickets.nextTurn(transaction, order.ticketId);
      const event = { id, version: next.version, ticketId: order.ticketId, turn };
      await this.outbox.add(transaction, 'order:cancelled', event, order.ticketId);
      return next;
    });
    this.relay.kick();
    return cancelled;
  }

  /** A repeated request gets the order that it made; anybody else's gets told that the ticket is taken. */
  private async sameOrder(transaction: Queryable, { id, ticketId }: Order): Promise<Order> {
    const earlier = await this.orders.find(transaction, id);
    if (earlier?.ticketId === ticketId) return earlier;
    throw new ConflictException(`ticket ${ticketId} is reserved by another order`);
  }

  private async existing(on: Queryable, id: string): Promise<Order> {
    const order = await this.orders.find(on, id);
    if (!order) throw new NotFoundException(`there is no order ${id}`);
    return order;
  }
}
