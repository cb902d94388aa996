/**
 * Remembers which messages were handled here, so that one sent again (its ack was lost, or crossed the redelivery) is
 * acked again and not handled again. Bounded: it keeps at least the newest `capacity` and at most twice as many.
 *
 * A message is known by its sequence *and* its time stamp: a server that lost its state gives the same sequences out
 * again, and those are other messages.
 * @internal
 */
export class HandledMemory {
  private current = new Map<number, number>();
  private previous = new Map<number, number>();

  constructor(private readonly capacity: number) {}

  remember(sequence: number, timestampNs: number): void {
    // Two generations instead of a list of ages: forgetting costs nothing per message.
    if (this.current.size >= this.capacity) {
      this.previous = this.current;
      this.current = new Map();
    }
    this.current.set(sequence, timestampNs);
  }

  has(sequence: number, timestampNs: number): boolean {
    return this.current.get(sequence) === timestampNs || this.previous.get(sequence) === timestampNs;
  }
}
