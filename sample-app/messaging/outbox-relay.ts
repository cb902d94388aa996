import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/database.js';
import type { ShopEvents, Subject } from '../shared/shop-events.js';
import { EventPublisher } from './event-publisher.js';
import type { EventHeaders } from './event-publisher.js';

interface OutboxRow {
  readonly id: string;
  readonly aggregate_id: string;
  readonly subject: Subject;
  readonly event: ShopEvents[Subject];
  /** The trace in which it was written. */
  readonly headers: EventHeaders;
}

/** How often the relay looks by itself: for what an instance that died has left in the outbox. */
const pollMs = 500;

/** Tickets (or orders) whose events one round publishes. */
const aggregatesPerRound = 50;

/**
 * Publishes what is in the outbox: every event at least once, the events of one ticket in the order in which they were
 * written, however many instances of the service run.
 */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(OutboxRelay.name);
  private running: Promise<void> | undefined;
  private stopped = false;
  private wake: (() => void) | undefined;
  private kicked = false;
  private failures = 0;

  constructor(
    private readonly database: Database,
    private readonly publisher: EventPublisher,
  ) {}

  onApplicationBootstrap(): void {
    this.running ??= this.run();
  }

  /** Ends after the round that runs; what is left is published by another instance, or after the next start. */
  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.kick();
    await this.running;
  }

  /** Has the relay look at once. Call it after a transaction that wrote an event. */
  kick(): void {
    this.kicked = true;
    this.wake?.();
  }

  /** Publishes one round and tells how many events it was. */
  async relayOnce(): Promise<number> {
    return this.database.transaction(async (transaction) => {
      const rows = await claim(transaction);
      const outcomes = await Promise.all([...byAggregate(rows).values()].map((own) => this.publishInOrder(own)));
      const published = outcomes.flatMap((outcome) => outcome.done);
      await transaction.query('DELETE FROM outbox WHERE id = ANY($1::bigint[])', [published]);
      this.note(outcomes.find((outcome) => outcome.failure)?.failure);
      return published.length;
    });
  }

  private async publishInOrder(rows: readonly OutboxRow[]): Promise<{ done: string[]; failure?: Error }> {
    const done: string[] = [];
    for (const { id, subject, event, headers } of rows) {
      try {
        // One after the other: a second event that arrives although the first one failed would be out of order.
        await this.publisher.publish(subject, event, headers);
        done.push(id);
      } catch (failure) {
        return { done, failure: asError(failure) };
      }
    }
    return { done };
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.kicked = false;
      const count = await this.relayOnce().catch((error: unknown) => (this.note(asError(error)), 0));
      if (count === 0) await this.pause();
    }
  }

  private pause(): Promise<void> {
    if (this.kicked && this.failures === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.stopped) this.wake();
    });
  }

  private note(failure: Error | undefined): void {
    this.failures = failure ? this.failures + 1 : 0;
    if (failure && this.failures === 1) this.logger.warn(`events wait in the outbox: ${failure.message}`);
  }
}

/**
 * Takes the oldest event of each ticket that no other instance is busy with, and all later ones of these tickets. Who
 * holds the oldest one holds the ticket: to another instance the ticket then has no oldest event that it could lock.
 * When the holder dies its locks go with its connection.
 */
async function claim(transaction: Queryable): Promise<OutboxRow[]> {
  const heads = await transaction.query<{ aggregate_id: string }>(
    `SELECT aggregate_id FROM outbox AS head
      WHERE NOT EXISTS (SELECT FROM outbox AS earlier
                         WHERE earlier.aggregate_id = head.aggregate_id AND earlier.id < head.id)
      ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [aggregatesPerRound],
  );
  const { rows } = await transaction.query<OutboxRow>(
    'SELECT id, aggregate_id, subject, event, headers FROM outbox WHERE aggregate_id = ANY($1::uuid[]) ORDER BY id LIMIT 500',
    [heads.rows.map((head) => head.aggregate_id)],
  );
  return rows;
}

function byAggregate(rows: readonly OutboxRow[]): Map<string, OutboxRow[]> {
  const groups = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const group = groups.get(row.aggregate_id);
    if (group) group.push(row);
    else groups.set(row.aggregate_id, [row]);
  }
  return groups;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
