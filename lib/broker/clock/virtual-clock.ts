import { attempt } from './clock.js';
import type { Clock, ClockTimer } from './clock.js';

interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is moved. Timers fire in the order of their due times, equal ones in the order they
 * were started, and each sees the time at which it was due.
 * @internal
 */
export class VirtualClock implements Clock {
  private timers: VirtualTimer[] = [];
  private sorted = true;
  private started = 0;
  private paused = false;
  private currentMs = Date.now();
  /** Two messages of one virtual moment still get distinct, rising timestamps. */
  private ticksNs = 0n;

  /** `onFailure` receives what a callback throws; it reaches nobody else. */
  constructor(private readonly onFailure: (thrown: unknown) => void) {}

  nowMs(): number {
    return this.currentMs;
  }

  nowNs(): bigint {
    if (this.ticksNs < 999_999n) this.ticksNs += 1n;
    return BigInt(Math.floor(this.currentMs)) * 1_000_000n + this.ticksNs;
  }

  after(delayMs: number, callback: () => void): ClockTimer {
    const timer: VirtualTimer = {
      dueMs: this.currentMs + Math.max(delayMs, 0),
      order: this.started++,
      callback,
    };
    this.timers.push(timer);
    this.sorted = false;
    return {
      cancel: () => {
        const index = this.timers.indexOf(timer);
        if (index >= 0) this.timers.splice(index, 1);
      },
    };
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /**
   * Moves the time by `durationMs`, firing what comes due. `settle` is awaited before the first timer, after every
   * moment at which timers fired and at the end, so that clients can answer before time goes on.
   */
  async advance(durationMs: number, settle: () => Promise<void>): Promise<void> {
    const targetMs = this.currentMs + durationMs;
    await settle();
    for (let dueMs = this.nextDueMs(); dueMs <= targetMs; dueMs = this.nextDueMs()) {
      this.moveTo(dueMs);
      this.fireDue();
      await settle();
    }
    this.moveTo(targetMs);
  }

  private nextDueMs(): number {
    if (this.paused) return Infinity;
    this.sort();
    return this.timers[0]?.dueMs ?? Infinity;
  }

  private moveTo(timeMs: number): void {
    if (timeMs <= this.currentMs) return;
    this.currentMs = timeMs;
    this.ticksNs = 0n;
  }

  private fireDue(): void {
    for (let next = this.timers[0]; next !== undefined && next.dueMs <= this.currentMs; next = this.timers[0]) {
      this.timers.shift();
      attempt(next.callback, this.onFailure);
      this.sort();
    }
  }

  private sort(): void {
    if (this.sorted) return;
    this.timers.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    this.sorted = true;
  }
}
