import type { TicketUpdated } from '../shared/ticket-events.js';
import { TooEarlyError } from './too-early.error.js';

/** What the demos publish: the `version`th state of a ticket, an order or a payment. */
export type DemoEvent = Pick<TicketUpdated, 'id' | 'version' | 'price'>;

/** What became of the events that were published. */
export interface Tally {
  readonly events: number;
  /** Times that an event was written, repetitions included. */
  readonly applied: number;
  /** Events that were never written. */
  readonly lost: number;
  /** Times that an event was written although it had been written before. */
  readonly doubled: number;
  /** Times that an event was written after a later one of the same ticket. */
  readonly outOfOrder: number;
}

/**
 * What was written, in its order: by all listeners of a run, into memory, or into a real database that is read again
 * for each look, see demo-database.ts.
 */
export class Books {
  private written: DemoEvent[] = [];
  private readonly versions = new Map<string, number>();

  /** Writes whatever comes, the way a first listener does it: the last one to write is right. */
  write(event: DemoEvent): void {
    this.written.push(event);
  }

  /** Takes over what was written elsewhere. */
  replaceAll(written: readonly DemoEvent[]): void {
    this.written = [...written];
  }

  /**
   * By hand: writes the event when its version is the next one of its ticket, and ignores it when it is an older one.
   * Check and write are one step; with a database they would be one transaction.
   * @throws TooEarlyError when a version before it is missing
   */
  writeNext(event: DemoEvent): void {
    const last = this.versions.get(event.id) ?? -1;
    if (event.version <= last) return;
    if (event.version > last + 1) throw new TooEarlyError(event.id, event.version, last);
    this.versions.set(event.id, event.version);
    this.write(event);
  }

  /** How often something was written. */
  get writtenCount(): number {
    return this.written.length;
  }

  /** How many of the events have been written at least once. */
  countOf(events: readonly DemoEvent[]): number {
    const written = new Set(this.written.map(nameOf));
    return events.filter((event) => written.has(nameOf(event))).length;
  }

  /** The price that a ticket has now. */
  priceOf(id: string): number | undefined {
    return this.written.findLast((event) => event.id === id)?.price;
  }

  /** All that was ever written, added up: what an account would say. */
  sum(): number {
    return this.written.reduce((sum, { price }) => sum + price, 0);
  }

  tally(published: readonly DemoEvent[]): Tally {
    const distinct = this.countOf(published);
    return {
      events: published.length,
      applied: this.written.length,
      lost: published.length - distinct,
      doubled: this.written.length - new Set(this.written.map(nameOf)).size,
      outOfOrder: this.countOutOfOrder(),
    };
  }

  private countOutOfOrder(): number {
    const newest = new Map<string, number>();
    let count = 0;
    for (const { id, version } of this.written) {
      const before = newest.get(id) ?? -1;
      if (version < before) count += 1;
      newest.set(id, Math.max(before, version));
    }
    return count;
  }
}

function nameOf({ id, version }: DemoEvent): string {
  return `${id}@${version}`;
}
