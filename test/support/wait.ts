/** How long a fact may take to come true, and what to call it when it does not. */
export interface WaitOptions {
  /** What is waited for, as it reads after "gave up waiting for". */
  readonly what?: string;
  /** Unit: milliseconds. @defaultValue 10000 */
  readonly timeoutMs?: number;
  /** Pause between two looks, in milliseconds. @defaultValue 20 */
  readonly intervalMs?: number;
}

/**
 * Looks again and again until `check` holds, and returns what it returned. "Not yet" is a throw (or a rejection) or the
 * value `false`; everything else, `undefined` too, counts as holding, so that a bare `expect(…)` works as a check.
 * When it never holds, the error says what was waited for and ends with the last failure.
 */
export async function eventually<T>(
  check: () => T | false | Promise<T | false>,
  { what = 'a fact', timeoutMs = 10_000, intervalMs = 20 }: WaitOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const outcome = await look(check);
    if (outcome.holds) return outcome.value;
    if (performance.now() >= deadline) {
      throw new Error(`gave up waiting for ${what} after ${timeoutMs} ms: ${outcome.why}`, { cause: outcome.cause });
    }
    await pause(intervalMs);
  }
}

type Look<T> = { holds: true; value: T } | { holds: false; why: string; cause?: unknown };

async function look<T>(check: () => T | false | Promise<T | false>): Promise<Look<T>> {
  try {
    const value = await check();
    return value === false ? { holds: false, why: 'it was still false' } : { holds: true, value };
  } catch (cause) {
    return { holds: false, why: cause instanceof Error ? cause.message : String(cause), cause };
  }
}

/** A promise that a test opens by hand: for "the handler is running now" and "now let it finish". */
export interface Latch<T = void> {
  readonly promise: Promise<T>;
  readonly isOpen: () => boolean;
  open(value: T): void;
  /** Waits for the latch; fails with a readable error when it stays shut for `timeoutMs` (10 000). */
  wait(options?: Omit<WaitOptions, 'intervalMs'>): Promise<T>;
}

/** Makes a {@link Latch}; opening it twice changes nothing. */
export function latch<T = void>(): Latch<T> {
  let opened = false;
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((r) => (resolve = r));
  return {
    promise,
    isOpen: () => opened,
    open(value) {
      opened = true;
      resolve(value);
    },
    wait: (options) => withDeadline(promise, options),
  };
}

/** The promise's own outcome, or a readable failure when it takes longer than `timeoutMs` (10 000). */
export async function withDeadline<T>(
  promise: Promise<T>,
  { what = 'a latch', timeoutMs = 10_000 }: Omit<WaitOptions, 'intervalMs'> = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up waiting for ${what} after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets real time pass in which something must *not* happen. Only for a real server, which has no virtual clock; the
 * caller then asserts that nothing came.
 */
export async function quietFor(ms: number): Promise<void> {
  await pause(ms);
}

/** Gives up the thread once, so that what has already been read from a socket is handled. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
