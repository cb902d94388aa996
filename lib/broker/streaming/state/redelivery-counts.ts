/**
 * How often each unacked message was sent again. The members of a queue group share one.
 * @internal
 */
export class RedeliveryCounts {
  /** Made with the first redelivery: most subscriptions never need it. */
  private counts: Map<number, number> | undefined;

  /** Counts one more redelivery of a message and returns how many there were. */
  increment(sequence: number): number {
    this.counts ??= new Map<number, number>();
    const count = (this.counts.get(sequence) ?? 0) + 1;
    this.counts.set(sequence, count);
    return count;
  }

  forget(sequence: number): void {
    this.counts?.delete(sequence);
  }

  clear(): void {
    this.counts = undefined;
  }
}
