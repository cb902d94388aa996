import type { KnownMessage } from './handled-memory.js';

/** Sequences without a gap between them, and the time stamps of the first and the last. */
interface Range {
  from: number;
  to: number;
  fromNs: number;
  toNs: number;
}

/**
 * Which sequences of a channel are settled, as ranges: takes memory for the gaps between them, not for the sequences.
 * Within one server's life the time stamps of a channel never go back, so a message belongs to a range by both its
 * sequence and its time stamp.
 * @internal
 */
export class SettledRanges {
  /** In order, apart from each other. */
  private readonly ranges: Range[] = [];

  constructor(private readonly mostRanges: number) {}

  add({ sequence, timestampNs }: KnownMessage): void {
    const { ranges } = this;
    const last = ranges.at(-1);
    if (last !== undefined && sequence === last.to + 1) {
      last.to = sequence;
      last.toNs = timestampNs;
      return;
    }
    const place = this.placeOf(sequence);
    if ((ranges[place]?.from ?? Infinity) <= sequence) return;
    this.insert(place, sequence, timestampNs);
  }

  has({ sequence, timestampNs }: KnownMessage): boolean {
    const range = this.ranges[this.placeOf(sequence)];
    return range !== undefined && range.from <= sequence && range.fromNs <= timestampNs && timestampNs <= range.toNs;
  }

  /** The last sequence up to which all from `sequence` on are settled, and its time; `undefined` where `sequence` is not. */
  endOfRun(sequence: number): KnownMessage | undefined {
    const range = this.ranges[this.placeOf(sequence)];
    if (range === undefined || range.from > sequence) return undefined;
    return { sequence: range.to, timestampNs: range.toNs };
  }

  clear(): void {
    this.ranges.length = 0;
  }

  /** The first range that ends at the sequence or behind it. */
  private placeOf(sequence: number): number {
    const { ranges } = this;
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle]?.to ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private insert(place: number, sequence: number, timestampNs: number): void {
    const { ranges } = this;
    const before = ranges[place - 1];
    const after = ranges[place];
    const joinsBefore = before?.to === sequence - 1;
    const joinsAfter = after?.from === sequence + 1;
    if (joinsBefore && joinsAfter) {
      before.to = after.to;
      before.toNs = after.toNs;
      ranges.splice(place, 1);
    } else if (joinsBefore) {
      before.to = sequence;
      before.toNs = timestampNs;
    } else if (joinsAfter) {
      after.from = sequence;
      after.fromNs = timestampNs;
    } else {
      ranges.splice(place, 0, { from: sequence, to: sequence, fromNs: timestampNs, toNs: timestampNs });
      this.keepBound();
    }
  }

  /** Forgetting one is safe: what it held is asked for again, and known by the memory of handled messages. */
  private keepBound(): void {
    if (this.ranges.length > this.mostRanges) this.ranges.splice(-2, 1);
  }
}
