/** @internal */
export interface BackoffOptions {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** Share of the delay that is drawn at random, 0 to 1: many clients must not come back at the same moment. */
  readonly jitter: number;
}

/**
 * Delays that double from attempt to attempt up to a limit, each spread by the jitter.
 * @internal
 */
export class Backoff {
  private attempt = 0;

  constructor(
    private readonly options: BackoffOptions,
    private readonly random: () => number = Math.random,
  ) {}

  /** The delay before the next attempt, in milliseconds; never above `maxDelayMs`. */
  nextDelayMs(): number {
    const { initialDelayMs, maxDelayMs, jitter } = this.options;
    // 2 ** 30 times any delay is past every limit; without the cap the power overflows to Infinity.
    const full = Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(this.attempt, 30));
    this.attempt += 1;
    return Math.round(full * (1 - jitter * this.random()));
  }
}
