/** What is known about one channel, from the outside: what clients were told. */
export class CrashLedger {
  /** Payloads whose publish was acknowledged. */
  readonly acknowledged = new Set<string>();
  /** Payload of each sequence that was ever seen. */
  private readonly seen = new Map<number, string>();
  readonly violations: string[] = [];

  constructor(readonly channel: string) {}

  /** A message was read: the same sequence has to carry the same payload for ever, whoever reads it. */
  read(sequence: number, payload: string): void {
    const before = this.seen.get(sequence);
    if (before !== undefined && before !== payload) {
      this.violations.push(`${this.channel}: sequence ${sequence} was ${before} and is now ${payload}`);
    }
    this.seen.set(sequence, payload);
  }

  get lastSeen(): number {
    return Math.max(0, ...this.seen.keys());
  }

  /** What is wrong once everything stored has been read. */
  findLosses(): string[] {
    const payloads = new Set(this.seen.values());
    const lost = [...this.acknowledged].filter((payload) => !payloads.has(payload));
    const gaps = Array.from({ length: this.seen.size }, (_, index) => index + 1).filter(
      (sequence) => !this.seen.has(sequence),
    );
    return [
      ...this.violations,
      ...lost.map((payload) => `${this.channel}: ${payload} was acknowledged and is gone`),
      ...gaps.map((sequence) => `${this.channel}: nothing has the sequence ${sequence}`),
    ];
  }

  get storedCount(): number {
    return this.seen.size;
  }
}

/** What is known about one durable subscription of a channel. */
export class DurableLedger {
  private readonly delivered = new Set<number>();
  /** Acked, and something that was sent after the ack has been acknowledged as stored. */
  private readonly settled = new Set<number>();
  private readonly acked = new Set<number>();
  readonly violations: string[] = [];

  constructor(readonly name: string) {}

  deliver(sequence: number, redeliveryCount: number): void {
    if (this.settled.has(sequence)) {
      this.violations.push(`${this.name}: ${sequence} came again after its ack was stored, count ${redeliveryCount}`);
    }
    this.delivered.add(sequence);
  }

  ack(sequence: number): void {
    this.acked.add(sequence);
  }

  /** The server died: whether it had read the acks that nothing proves, nobody knows. */
  forgetUnproven(): void {
    this.acked.clear();
  }

  /** The acks that a later answer of the server proves to be stored. */
  unproven(): readonly number[] {
    return [...this.acked].filter((sequence) => !this.settled.has(sequence));
  }

  prove(sequences: readonly number[]): void {
    for (const sequence of sequences) this.settled.add(sequence);
  }

  get provenCount(): number {
    return this.settled.size;
  }

  missing(lastSequence: number): string[] {
    const skipped = Array.from({ length: lastSequence }, (_, index) => index + 1).filter(
      (sequence) => !this.delivered.has(sequence),
    );
    return [...this.violations, ...skipped.map((sequence) => `${this.name}: ${sequence} was never delivered`)];
  }
}
