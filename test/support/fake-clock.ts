import type { Clock, ClockTimer } from '../../lib/core/clock.js';

interface PendingTimer {
  readonly dueMs: number;
  readonly callback: () => void;
  isRefed: boolean;
}

/** A clock that stands still until a test advances it; timers fire in order of their time. */
export class FakeClock implements Clock {
  private currentMs = 1_000;
  private readonly timers = new Set<PendingTimer>();

  nowMs(): number {
    return this.currentMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = this.startTimer(ms, callback);
    return () => timer.cancel();
  }

  startTimer(ms: number, callback: () => void): ClockTimer {
    const timer: PendingTimer = { dueMs: this.currentMs + ms, callback, isRefed: true };
    this.timers.add(timer);
    return {
      ref: () => (timer.isRefed = true),
      unref: () => (timer.isRefed = false),
      cancel: () => void this.timers.delete(timer),
    };
  }

  /** Timers that have not fired. */
  pendingCount(): number {
    return this.timers.size;
  }

  /** Whether a pending timer would keep the process alive. */
  get keepsProcessAlive(): boolean {
    return [...this.timers].some((timer) => timer.isRefed);
  }

  /** Moves on, firing what is due in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.currentMs + ms;
    for (let next = this.nextDue(untilMs); next !== undefined; next = this.nextDue(untilMs)) {
      this.fire(next);
      await settled();
    }
    this.currentMs = untilMs;
    await settled();
  }

  /** Moves on, firing what is due in order, within this very call. */
  advanceSync(ms: number): void {
    const untilMs = this.currentMs + ms;
    for (let next = this.nextDue(untilMs); next !== undefined; next = this.nextDue(untilMs)) this.fire(next);
    this.currentMs = untilMs;
  }

  private fire(timer: PendingTimer): void {
    this.currentMs = Math.max(this.currentMs, timer.dueMs);
    this.timers.delete(timer);
    timer.callback();
  }

  private nextDue(untilMs: number): PendingTimer | undefined {
    const due = [...this.timers].filter((timer) => timer.dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets every promise that can settle now do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
