import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/database.js';
import { traceHeaders } from '../service/tracing.js';
import { shop } from '../shared/shop-events.js';
import type { ShopEvents, Subject } from '../shared/shop-events.js';

/**
 * Events that are to be published. They are written in the transaction that also changes the data, so that a process
 * that dies can never leave one without the other; the relay publishes them afterwards.
 */
@Injectable()
export class Outbox {
  /**
   * Checks `event` by its contract and stores it; it is published when the transaction has been committed, and never when it has not.
   * @param about - the id within which the order of events is kept
   */
  async add<S extends Subject>(
    transaction: Queryable,
    subject: S,
    event: ShopEvents[S],
    about = event.id,
  ): Promise<void> {
    await shop.check(subject, event);
    await transaction.query('INSERT INTO outbox (aggregate_id, subject, event, headers) VALUES ($1, $2, $3, $4)', [
      about,
      subject,
      JSON.stringify(event),
      // The relay publishes it later, and elsewhere perhaps: the trace of whoever wrote it goes with it.
      JSON.stringify(traceHeaders()),
    ]);
  }
}
