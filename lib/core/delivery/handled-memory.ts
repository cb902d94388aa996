/** Places at the start; most subscriptions never need more. */
const initialPlaces = 1_024;

/**
 * Remembers which messages were handled here, so that one sent again (its ack was lost, or crossed the redelivery) is
 * acked again and not handled again. Bounded: it covers the newest `capacity` sequences of the channel, 16 bytes each,
 * and takes the memory for them only as they come.
 *
 * A message is known by its sequence *and* its time stamp: a server that lost its state gives the same sequences out
 * again, and those are other messages.
 * @internal
 */
export class HandledMemory {
  // Two flat arrays, each sequence in the place `sequence % length`: nothing is allocated per message and nothing is
  // left to the garbage collector, as it would be with a Map of the same size.
  private sequences: Float64Array;
  private timestamps: Float64Array;

  constructor(private readonly capacity: number) {
    const places = Math.min(initialPlaces, capacity);
    this.sequences = new Float64Array(places);
    this.timestamps = new Float64Array(places);
  }

  remember(sequence: number, timestampNs: number): void {
    let place = sequence % this.sequences.length;
    const there = this.sequences[place];
    if (there !== 0 && there !== sequence && this.sequences.length < this.capacity) {
      this.grow();
      place = sequence % this.sequences.length;
    }
    this.sequences[place] = sequence;
    this.timestamps[place] = timestampNs;
  }

  has(sequence: number, timestampNs: number): boolean {
    const place = sequence % this.sequences.length;
    return this.sequences[place] === sequence && this.timestamps[place] === timestampNs;
  }

  private grow(): void {
    const { sequences, timestamps } = this;
    const places = Math.min(sequences.length * 2, this.capacity);
    this.sequences = new Float64Array(places);
    this.timestamps = new Float64Array(places);
    for (const [index, sequence] of sequences.entries()) {
      const place = sequence % places;
      // Two may meet in one place; the newer one stays.
      if (sequence < (this.sequences[place] ?? 0)) continue;
      this.sequences[place] = sequence;
      this.timestamps[place] = timestamps[index] ?? 0;
    }
  }
}
