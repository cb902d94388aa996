/**
 * The time, for everything in core and in the drivers that waits or measures. Monotonic: a changed wall clock neither
 * expires nor revives anything.
 * @internal
 */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  nowMs(): number;
  /** Calls back once after `ms`, or a little later; returns the function that cancels. Keeps the process alive. */
  after(ms: number, callback: () => void): () => void;
  /** The same, for a timer that may have to let the process end. */
  startTimer(ms: number, callback: () => void): ClockTimer;
}

/**
 * A running timer. While `ref`ed, as it is at the start, it keeps the process alive.
 * @internal
 */
export interface ClockTimer {
  ref(): unknown;
  unref(): unknown;
  cancel(): void;
}

/**
 * The process's own monotonic clock and timers.
 * @internal
 */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  startTimer(ms, callback) {
    const timer = setTimeout(callback, ms);
    return { ref: () => timer.ref(), unref: () => timer.unref(), cancel: () => clearTimeout(timer) };
  },
};

/**
 * Resolves after `ms`. Rejects as soon as the signal is aborted, with its reason.
 * @internal
 */
export function pauseFor(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
