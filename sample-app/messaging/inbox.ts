import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/database.js';
import type { VersionedEvent } from '../shared/versioned-event.js';
import { EventTooEarlyError } from './event-too-early.error.js';

/** What became of an event that arrived: its effect was stored, or it was there before. */
export type Received = 'applied' | 'ignored';

/**
 * Decides by its version what an event that arrived is: the next one is applied, an older one is ignored, and one that
 * comes too early is refused until those before it have arrived. The version is recorded in the transaction that stores
 * the effect, so an event counts exactly once however often it is delivered, and to however many instances.
 */
@Injectable()
export class Inbox {
  constructor(private readonly database: Database) {}

  /**
   * Runs `apply` when `event` is the next one of `stream` for its id.
   * @throws EventTooEarlyError when a version between the last one and this is missing; nothing is stored then
   */
  async receive(
    stream: string,
    event: VersionedEvent,
    apply: (transaction: Queryable) => Promise<void>,
  ): Promise<Received> {
    return this.database.transaction(async (transaction) => {
      if (!(await advance(transaction, stream, event))) {
        const last = await lastVersion(transaction, stream, event.id);
        if (last >= event.version) return 'ignored';
        throw new EventTooEarlyError(event.id, event.version, last);
      }
      await apply(transaction);
      return 'applied';
    });
  }
}

/**
 * True for exactly one caller per version. The check is part of the write: two instances that get the same event at
 * once wait for each other at the row, and the second one finds that its version is no longer the next.
 */
async function advance(transaction: Queryable, stream: string, { id, version }: VersionedEvent): Promise<boolean> {
  const { rowCount } =
    version === 0
      ? await transaction.query(
          'INSERT INTO inbox (stream, aggregate_id, version) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING',
          [stream, id],
        )
      : await transaction.query(
          `UPDATE inbox SET version = $3, received_at = now()
            WHERE stream = $1 AND aggregate_id = $2 AND version = $3 - 1`,
          [stream, id, version],
        );
  return rowCount === 1;
}

async function lastVersion(transaction: Queryable, stream: string, id: string): Promise<number> {
  const { rows } = await transaction.query<{ version: number }>(
    'SELECT version FROM inbox WHERE stream = $1 AND aggregate_id = $2',
    [stream, id],
  );
  return rows[0]?.version ?? -1;
}
