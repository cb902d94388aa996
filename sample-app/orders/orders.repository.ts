import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/database.js';
import type { Order } from './order.js';

interface OrderRow {
  readonly id: string;
  readonly version: number;
  readonly status: Order['status'];
  readonly ticket_id: string;
  readonly price: string;
}

const columns = 'id, version, status, ticket_id, price';

/** The table `orders`. */
@Injectable()
export class OrdersRepository {
  async list(on: Queryable): Promise<Order[]> {
    const { rows } = await on.query<OrderRow>(`SELECT ${columns} FROM orders ORDER BY created_at, id`);
    return rows.map(toOrder);
  }

  async find(on: Queryable, id: string): Promise<Order | undefined> {
    const { rows } = await on.query<OrderRow>(`SELECT ${columns} FROM orders WHERE id = $1`, [id]);
    return rows[0] && toOrder(rows[0]);
  }

  /** False when the order exists already, or when another order holds the ticket. */
  async insert(on: Queryable, order: Order): Promise<boolean> {
    const { rowCount } = await on.query(
      `INSERT INTO orders (${columns}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
      [order.id, order.version, order.status, order.ticketId, order.price],
    );
    return rowCount === 1;
  }

  /** Stores `next` when the order is still at the version before it. */
  async replace(on: Queryable, next: Order): Promise<boolean> {
    const { rowCount } = await on.query(
      'UPDATE orders SET version = $2, status = $3 WHERE id = $1 AND version = $2 - 1',
      [next.id, next.version, next.status],
    );
    return rowCount === 1;
  }
}

function toOrder({ id, version, status, ticket_id, price }: OrderRow): Order {
  return { id, version, status, ticketId: ticket_id, price: Number(price) };
}
