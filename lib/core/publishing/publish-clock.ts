/**
 * The time, as far as publishing needs it.
 * @internal
 */
export interface PublishClock {
  /** Milliseconds from any fixed point; never goes back. */
  now(): number;
  /** Calls back once, `delayMs` from now or a little later. */
  startTimer(callback: () => void, delayMs: number): PublishTimer;
}

/**
 * A timer under way. While `ref`ed, as it is at the start, it keeps the process alive.
 * @internal
 */
export interface PublishTimer {
  ref(): unknown;
  unref(): unknown;
  cancel(): void;
}

/**
 * The process's own monotonic clock and timers.
 * @internal
 */
export const systemPublishClock: PublishClock = {
  now: () => performance.now(),
  startTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return { ref: () => timer.ref(), unref: () => timer.unref(), cancel: () => clearTimeout(timer) };
  },
};
