/**
 * What is known of a message whose handler has failed here.
 * @internal
 */
export interface Failure {
  readonly timestampNs: number;
  /** Deliveries that failed, as far as this process and the server's count know. */
  readonly deliveries: number;
  /** Of the deliveries that the server has counted, those that came while the message waited here for its start. */
  readonly renewals: number;
  /** Not to be tried before this moment of the delivery clock. */
  readonly notBeforeMs: number | undefined;
  /** The wait that the handler asked for, whoever keeps it. Unit: milliseconds. */
  readonly laterMs: number | undefined;
  /** No further try in this process: not retriable, or out of deliveries, and nowhere to dead-letter it. */
  readonly givenUp: boolean;
  /** Why, where it was given up: it stays on the server, and is told again. */
  readonly error: unknown;
}

/**
 * Remembers failures per message from delivery to delivery; bounded, the oldest are forgotten first.
 * @internal
 */
export class FailureMemory {
  private readonly failures = new Map<number, Failure>();

  constructor(private readonly capacity: number) {}

  get(sequence: number, timestampNs: number): Failure | undefined {
    const failure = this.failures.get(sequence);
    return failure?.timestampNs === timestampNs ? failure : undefined;
  }

  set(sequence: number, failure: Failure): void {
    this.failures.delete(sequence);
    if (this.failures.size >= this.capacity) {
      const oldest = this.failures.keys().next();
      if (!oldest.done) this.failures.delete(oldest.value);
    }
    this.failures.set(sequence, failure);
  }

  delete(sequence: number): void {
    // Nearly always empty: the handled path must not pay for it.
    if (this.failures.size > 0) this.failures.delete(sequence);
  }
}
