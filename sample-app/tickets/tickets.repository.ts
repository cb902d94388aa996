import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/database.js';
import type { Ticket } from './ticket.js';

interface TicketRow {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  /** Postgres' numeric comes as text, so that no digit is lost on the way. */
  readonly price: string;
  readonly order_id: string | null;
}

const columns = 'id, version, title, price, order_id';

/** The table `tickets`. */
@Injectable()
export class TicketsRepository {
  async list(on: Queryable): Promise<Ticket[]> {
    const { rows } = await on.query<TicketRow>(`SELECT ${columns} FROM tickets ORDER BY created_at, id`);
    return rows.map(toTicket);
  }

  async find(on: Queryable, id: string): Promise<Ticket | undefined> {
    const { rows } = await on.query<TicketRow>(`SELECT ${columns} FROM tickets WHERE id = $1`, [id]);
    return rows[0] && toTicket(rows[0]);
  }

  /** Waits for whoever is changing the ticket, and keeps others from it until the transaction ends. */
  async lock(transaction: Queryable, id: string): Promise<void> {
    await transaction.query('SELECT FROM tickets WHERE id = $1 FOR UPDATE', [id]);
  }

  /** False when there is a ticket with this id already. */
  async insert(on: Queryable, ticket: Ticket): Promise<boolean> {
    const { rowCount } = await on.query(
      'INSERT INTO tickets (id, version, title, price) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [ticket.id, ticket.version, ticket.title, ticket.price],
    );
    return rowCount === 1;
  }

  /**
   * Stores `next` when the ticket is still at the version before it. The check is part of the update: reading first and
   * saving afterwards, as an ORM's `save()` does, would let two writers overwrite each other.
   */
  async replace(on: Queryable, next: Ticket): Promise<boolean> {
    const { rowCount } = await on.query(
      'UPDATE tickets SET version = $2, title = $3, price = $4, order_id = $5 WHERE id = $1 AND version = $2 - 1',
      [next.id, next.version, next.title, next.price, next.orderId],
    );
    return rowCount === 1;
  }
}

function toTicket({ id, version, title, price, order_id }: TicketRow): Ticket {
  return { id, version, title, price: Number(price), orderId: order_id };
}
