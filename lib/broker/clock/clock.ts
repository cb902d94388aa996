import { types } from 'node:util';

/**
 * A timer that was started on a {@link Clock}.
 * @internal
 */
export interface ClockTimer {
  /** Keeps the callback from being called. Idempotent; harmless after the timer fired. */
  cancel(): void;
}

/**
 * The broker's only source of time. Nothing in the broker reads another clock, so a virtual one moves all of it.
 * @internal
 */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Nanoseconds since 1970. */
  nowNs(): bigint;
  /** Calls `callback` once, `delayMs` from now. Never keeps the process alive. */
  after(delayMs: number, callback: () => void): ClockTimer;
  /** Holds back every callback until `resume()`; those that came due meanwhile then fire in order. */
  pause(): void;
  resume(): void;
}

/**
 * Runs `task`; what it throws or rejects goes to `onFailure`. A timer has nobody above it: a throw would end the process.
 * @internal
 */
export function attempt(task: () => unknown, onFailure: (thrown: unknown) => void): void {
  try {
    const returned = task();
    if (types.isPromise(returned)) returned.then(undefined, onFailure);
  } catch (thrown) {
    onFailure(thrown);
  }
}
