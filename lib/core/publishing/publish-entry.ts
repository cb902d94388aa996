import type { StanError } from '../errors/index.js';
import type { PublishReceipt } from '../options/publish-receipt.js';

/**
 * Takes the outcome of a publish. An object, since a closure over what it reports takes three times the memory of many
 * pending publishes.
 * @internal
 */
export interface PublishOutcome {
  /**
   * Called exactly once, never from inside `publish()`, with either an error or a receipt. Must not throw.
   */
  settle(error: StanError | undefined, receipt: PublishReceipt | undefined): void;
}

const nothing = new Uint8Array(0);

let idCount = 0;

function nextId(): number {
  idCount += 1;
  return idCount;
}

/**
 * One publish from acceptance to settlement, and its place in the {@link PublishQueue}.
 * @internal
 */
export class PublishEntry {
  previous: PublishEntry | undefined;
  next: PublishEntry | undefined;
  isSettled = false;
  /** No other publish of this process has it; each attempt is made under it. */
  readonly id = nextId();
  /** How often it was handed to the driver. */
  attempts = 0;
  /** How many of these attempts are known not to have stored it. */
  failedAttempts = 0;
  /** How many of the failed ones never left the process. */
  unsentAttempts = 0;
  /** The stretch of connection in which the last attempt was made. */
  epoch = -1;
  /** The limit of its data that it was last found to keep. */
  checkedLimitBytes: number | undefined;
  /** Why the last attempt that was reported failed. */
  lastFailure: StanError | undefined;

  constructor(
    readonly subject: string,
    public data: Uint8Array,
    readonly deadline: number,
    private readonly outcome: PublishOutcome,
    /** Its headers as text; empty for none. */
    public headerText: string,
  ) {}

  /** True where an attempt left the process and no answer told that it was not stored. */
  get mayBeStored(): boolean {
    return this.attempts > this.failedAttempts;
  }

  get sentCount(): number {
    return this.attempts - this.unsentAttempts;
  }

  /** Reports the outcome. */
  settle(error: StanError | undefined, receipt: PublishReceipt | undefined): void {
    this.outcome.settle(error, receipt);
  }

  /** Lets the payload go: the driver may hold on to the entry until the session ends, waiting for a late answer. */
  release(): void {
    this.isSettled = true;
    this.data = nothing;
    this.headerText = '';
  }
}
