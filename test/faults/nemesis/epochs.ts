import type { HistoryRecord } from './history.js';

/**
 * The lives of the server's state. A restart without state begins the next epoch: sequences start over, and what was
 * stored and not handled is gone.
 */
export class Epochs {
  private readonly ofServer = new Map<string, number>();
  /** From when on a message is of the epoch after; the server was gone at that moment. */
  private readonly boundaries: number[] = [];
  private readonly drains: { readonly epoch: number; readonly at: number }[] = [];

  constructor(history: readonly HistoryRecord[]) {
    let goneAt = 0;
    for (const record of history) {
      if (record.type === 'serverGone') goneAt = record.at;
      else if (record.type === 'drained') this.drains.push({ epoch: this.last, at: record.at });
      else if (record.type === 'server') {
        if (record.state === 'lost') this.boundaries.push(goneAt);
        this.ofServer.set(record.server, this.last);
      }
    }
  }

  get last(): number {
    return this.boundaries.length - 1;
  }

  get serverCount(): number {
    return this.ofServer.size;
  }

  /** The epoch in which this server process ran. */
  servedBy(server: string): number | undefined {
    return this.ofServer.get(server);
  }

  /** The epoch of a message, by the server's own time stamp. */
  storedIn(storedAt: number): number {
    return this.boundaries.findLastIndex((boundary) => storedAt > boundary);
  }

  /** The moments of an epoch at which the server confirmed that everything was delivered and acked. */
  drainsOf(epoch: number): readonly number[] {
    return this.drains.filter((drain) => drain.epoch === epoch).map(({ at }) => at);
  }

  /**
   * Whether an event that `server` had acknowledged at this moment may be gone with that server's state: it was lost
   * later on, and the server had not confirmed in between that everything was handled.
   */
  mayBeLost(server: string, resolvedAt: number): boolean {
    const epoch = this.servedBy(server);
    if (epoch === undefined || epoch === this.last) return false;
    return !this.drainsOf(epoch).some((at) => at > resolvedAt);
  }
}
