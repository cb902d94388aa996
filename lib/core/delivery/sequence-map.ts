/**
 * Values by sequence, in the order in which they were set: a `Map` for what mostly holds none or one. A single entry needs
 * no table: V8 makes a new one each time that a few entries have come and gone, and with hundreds of subscriptions these
 * live long enough to be moved to the old generation, where collecting them takes more time than the deliveries.
 * @internal
 */
export class SequenceMap<Value> {
  /** The only entry, while there is one alone. */
  private sequence: number | undefined;
  private value: Value | undefined;
  /** All entries, while there are several. */
  private several: Map<number, Value> | undefined;

  get size(): number {
    if (this.sequence !== undefined) return 1;
    return this.several?.size ?? 0;
  }

  get(sequence: number): Value | undefined {
    if (this.sequence === sequence) return this.value;
    return this.isSeveral() ? this.several?.get(sequence) : undefined;
  }

  /** A sequence that it has keeps its place. */
  set(sequence: number, value: Value): void {
    if (this.isSeveral()) {
      this.several?.set(sequence, value);
    } else if (this.sequence === undefined || this.sequence === sequence) {
      this.sequence = sequence;
      this.value = value;
    } else {
      this.setSecond(sequence, value);
    }
  }

  delete(sequence: number): void {
    if (this.sequence === sequence) this.clearOnly();
    else if (this.isSeveral()) this.several?.delete(sequence);
  }

  clear(): void {
    this.clearOnly();
    this.several?.clear();
  }

  /** The one that was set first. */
  firstSequence(): number | undefined {
    return this.sequence ?? this.several?.keys().next().value;
  }

  entries(): [sequence: number, value: Value][] {
    if (this.sequence !== undefined) return [[this.sequence, this.value as Value]];
    return this.several === undefined ? [] : [...this.several];
  }

  private isSeveral(): boolean {
    return this.several !== undefined && this.several.size > 0;
  }

  private setSecond(sequence: number, value: Value): void {
    this.several ??= new Map();
    if (this.sequence !== undefined) this.several.set(this.sequence, this.value as Value);
    this.several.set(sequence, value);
    this.clearOnly();
  }

  private clearOnly(): void {
    this.sequence = undefined;
    this.value = undefined;
  }
}
