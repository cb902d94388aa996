import type { PublishClock, PublishTimer } from '../../lib/core/publishing/index.js';

interface PendingTimer {
  readonly at: number;
  readonly callback: () => void;
  isRefed: boolean;
}

/** A clock that stands still until a test moves it; timers fire in order of their time. */
export class VirtualClock implements PublishClock {
  private time = 1_000;
  private readonly timers = new Set<PendingTimer>();

  now(): number {
    return this.time;
  }

  startTimer(callback: () => void, delayMs: number): PublishTimer {
    const timer: PendingTimer = { at: this.time + delayMs, callback, isRefed: true };
    this.timers.add(timer);
    return {
      ref: () => (timer.isRefed = true),
      unref: () => (timer.isRefed = false),
      cancel: () => void this.timers.delete(timer),
    };
  }

  /** How many timers are under way. */
  get timerCount(): number {
    return this.timers.size;
  }

  /** Whether a timer under way would keep the process alive. */
  get keepsProcessAlive(): boolean {
    return [...this.timers].some((timer) => timer.isRefed);
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (let next = this.nextUntil(end); next !== undefined; next = this.nextUntil(end)) {
      this.time = next.at;
      this.timers.delete(next);
      next.callback();
    }
    this.time = end;
  }

  private nextUntil(end: number): PendingTimer | undefined {
    return [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
