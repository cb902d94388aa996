import { attempt } from './clock.js';
import type { Clock, ClockTimer } from './clock.js';

/** Node fires a longer delay at once; a timer that long is set again in steps. */
const longestDelayMs = 2_147_483_647;
const nsPerMs = 1_000_000n;
const toleratedDriftMs = 50;

/**
 * The time of the machine.
 * @internal
 */
export class RealClock implements Clock {
  /** The wall clock ticks in milliseconds: between two ticks the monotonic one tells how far we are. */
  private anchorMs = Date.now();
  private anchorNs = BigInt(this.anchorMs) * nsPerMs;
  private anchorMark = performance.now();
  private paused = false;
  private overdue: (() => void)[] = [];

  /** `onFailure` receives what a callback throws; it reaches nobody else. */
  constructor(private readonly onFailure: (thrown: unknown) => void) {}

  nowMs(): number {
    return Date.now();
  }

  nowNs(): bigint {
    const mark = performance.now();
    const elapsedMs = mark - this.anchorMark;
    const wallMs = Date.now();
    // Bigints as late as can be: this is called for every message, and each of their operations makes a new one.
    if (Math.abs(wallMs - this.anchorMs - elapsedMs) <= toleratedDriftMs) {
      return this.anchorNs + BigInt(Math.round(elapsedMs * 1e6));
    }
    // The wall clock was set, or the machine slept.
    this.anchorMs = wallMs;
    this.anchorNs = BigInt(wallMs) * nsPerMs;
    this.anchorMark = mark;
    return this.anchorNs;
  }

  after(delayMs: number, callback: () => void): ClockTimer {
    let handle: NodeJS.Timeout | undefined;
    let cancelled = false;
    const fire = (): void => {
      if (!cancelled) attempt(callback, this.onFailure);
    };
    const wait = (remainingMs: number): void => {
      const stepMs = Math.min(Math.max(remainingMs, 0), longestDelayMs);
      handle = setTimeout(() => {
        if (remainingMs > stepMs) wait(remainingMs - stepMs);
        else if (this.paused) this.overdue.push(fire);
        else fire();
      }, stepMs);
      handle.unref();
    };
    wait(delayMs);
    return {
      cancel: () => {
        cancelled = true;
        clearTimeout(handle);
      },
    };
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    const due = this.overdue;
    this.overdue = [];
    for (const fire of due) fire();
  }
}
