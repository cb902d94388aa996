import type { DeliveryClock } from '../../lib/core/delivery/delivery-clock.js';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A delivery clock that stands still until a test advances it. */
export class FakeDeliveryClock implements DeliveryClock {
  private currentMs = 1_000;
  private readonly timers = new Set<Timer>();

  nowMs(): number {
    return this.currentMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { dueMs: this.currentMs + ms, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Timers that have not fired. */
  pendingCount(): number {
    return this.timers.size;
  }

  /** Moves on, firing what is due in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.currentMs + ms;
    for (let next = this.nextDue(untilMs); next !== undefined; next = this.nextDue(untilMs)) {
      this.currentMs = Math.max(this.currentMs, next.dueMs);
      this.timers.delete(next);
      next.callback();
      await settled();
    }
    this.currentMs = untilMs;
    await settled();
  }

  private nextDue(untilMs: number): Timer | undefined {
    const due = [...this.timers].filter((timer) => timer.dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets every promise that can settle now do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
