/** Sequences side by side share a chunk, so that memory follows what is remembered, dense or sparse. */
const chunkLength = 32;

/** A sequence of the channel and when the server stored it: together they name one message for good. */
export interface KnownMessage {
  readonly sequence: number;
  readonly timestampNs: number;
}

/**
 * Remembers which messages were handled here, so that one sent again (its ack was lost, or crossed the redelivery) is
 * acked again and not handled again. Bounded: it remembers at least the newest `capacity` sequences, and at most twice
 * as many, in whole chunks; an older sequence never takes the place of a newer one.
 *
 * A message is known by its sequence *and* its time stamp: a server that lost its state gives the same sequences out
 * again, and those are other messages.
 * @internal
 */
export class HandledMemory {
  /** Time stamps by place in the chunk; NaN, which equals nothing, where none is remembered. */
  private readonly chunks = new Map<number, number[]>();
  private readonly mostChunks: number;
  // The chunk used last: sequences come in order, and need no look into the map then.
  private lastNumber = -1;
  private lastChunk: number[] | undefined;

  constructor(capacity: number) {
    this.mostChunks = Math.max(2, Math.ceil(capacity / chunkLength) * 2);
  }

  remember(sequence: number, timestampNs: number): void {
    const number = Math.floor(sequence / chunkLength);
    const chunk = this.chunkOf(number) ?? this.addChunk(number);
    chunk[sequence % chunkLength] = timestampNs;
  }

  has(sequence: number, timestampNs: number): boolean {
    return this.chunkOf(Math.floor(sequence / chunkLength))?.[sequence % chunkLength] === timestampNs;
  }

  /** The lowest sequence that is remembered. Goes through all of it. */
  lowest(): KnownMessage | undefined {
    const number = Math.min(...this.chunks.keys());
    for (const [place, timestampNs] of this.chunks.get(number)?.entries() ?? []) {
      if (!Number.isNaN(timestampNs)) return { sequence: number * chunkLength + place, timestampNs };
    }
    return undefined;
  }

  private chunkOf(number: number): number[] | undefined {
    if (number !== this.lastNumber) {
      this.lastNumber = number;
      this.lastChunk = this.chunks.get(number);
    }
    return this.lastChunk;
  }

  private addChunk(number: number): number[] {
    if (this.chunks.size >= this.mostChunks) this.forgetOlderHalf();
    const chunk = new Array<number>(chunkLength).fill(NaN);
    this.chunks.set(number, chunk);
    this.lastNumber = number;
    this.lastChunk = chunk;
    return chunk;
  }

  /** Seldom, and all at once: cheaper than to look for the oldest each time. */
  private forgetOlderHalf(): void {
    const numbers = [...this.chunks.keys()].sort((a, b) => a - b);
    for (const number of numbers.slice(0, Math.ceil(numbers.length / 2))) this.chunks.delete(number);
  }
}
