import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/database.js';
import type { TicketCreated, TicketUpdated } from '../shared/ticket-events.js';

/** What `orders` knows about a ticket. */
export interface TicketCopy {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  readonly price: number;
  readonly orderId: string | null;
}

interface TicketCopyRow {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  readonly price: string;
  readonly order_id: string | null;
}

const columns = 'id, version, title, price, order_id';

/** The table `tickets` in the database of `orders`: a copy that only events change, but for the count of turns. */
@Injectable()
export class TicketCopiesRepository {
  async list(on: Queryable): Promise<TicketCopy[]> {
    const { rows } = await on.query<TicketCopyRow>(`SELECT ${columns} FROM tickets ORDER BY id`);
    return rows.map(toCopy);
  }

  async find(on: Queryable, id: string): Promise<TicketCopy | undefined> {
    const { rows } = await on.query<TicketCopyRow>(`SELECT ${columns} FROM tickets WHERE id = $1`, [id]);
    return rows[0] && toCopy(rows[0]);
  }

  async insert(on: Queryable, { id, version, title, price }: TicketCreated): Promise<void> {
    await on.query('INSERT INTO tickets (id, version, title, price) VALUES ($1, $2, $3, $4)', [
      id,
      version,
      title,
      price,
    ]);
  }

  /** Counts one more event about the ticket and returns its number, from 0. Others who do the same wait for this one. */
  async nextTurn(on: Queryable, id: string): Promise<number> {
    const sql = 'UPDATE tickets SET turns = turns + 1 WHERE id = $1 RETURNING turns - 1 AS turn';
    const { rows } = await on.query<{ turn: number }>(sql, [id]);
    if (!rows[0]) throw new Error(`there is no copy of ticket ${id}`);
    return rows[0].turn;
  }

  /** @throws Error when the copy is not at the version before: the caller applies events in order */
  async replace(on: Queryable, { id, version, title, price, orderId }: TicketUpdated): Promise<void> {
    const { rowCount } = await on.query(
      'UPDATE tickets SET version = $2, title = $3, price = $4, order_id = $5 WHERE id = $1 AND version = $2 - 1',
      [id, version, title, price, orderId],
    );
    if (rowCount !== 1) throw new Error(`the copy of ticket ${id} is not at version ${version - 1}`);
  }
}

function toCopy({ id, version, title, price, order_id }: TicketCopyRow): TicketCopy {
  return { id, version, title, price: Number(price), orderId: order_id };
}
