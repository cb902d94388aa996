import type { MessageLog } from './store.js';

const firstSegmentBytes = 1_024;
const largestSegmentBytes = 1_024 * 1_024;
const timestampBytes = 8;

interface Segment {
  readonly firstSequence: number;
  readonly buffer: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
  /** Where each message ends; its timestamp comes before its bytes. */
  readonly ends: number[];
}

/**
 * Keeps the messages of a channel in a few large buffers instead of one object each: a million messages cost their
 * bytes plus some sixteen each, and nothing for the garbage collector to walk.
 * @internal
 */
export class MemoryLog implements MessageLog {
  firstSequence = 0;
  lastSequence = 0;
  bytes = 0;
  private segments: Segment[] = [];

  get count(): number {
    return this.firstSequence === 0 ? 0 : this.lastSequence - this.firstSequence + 1;
  }

  append(sequence: number, timestampNs: bigint, encoded: Uint8Array): void {
    const { buffer, view, ends } = this.segmentFor(sequence, encoded.length + timestampBytes);
    const start = ends.at(-1) ?? 0;
    view.setBigInt64(start, timestampNs);
    buffer.set(encoded, start + timestampBytes);
    ends.push(start + timestampBytes + encoded.length);
    if (this.firstSequence === 0) this.firstSequence = sequence;
    this.lastSequence = sequence;
    this.bytes += encoded.length;
  }

  get(sequence: number): Uint8Array | undefined {
    const segment = this.segmentOf(sequence);
    if (segment === undefined) return undefined;
    const index = sequence - segment.firstSequence;
    const { buffer, byteOffset } = segment.buffer;
    const start = startOf(segment, index) + timestampBytes;
    // Not subarray(): a Buffer takes twice as long to make, and nobody needs one.
    return new Uint8Array(buffer, byteOffset + start, (segment.ends[index] ?? start) - start);
  }

  timestampOf(sequence: number): bigint | undefined {
    const segment = this.segmentOf(sequence);
    return segment?.view.getBigInt64(startOf(segment, sequence - segment.firstSequence));
  }

  removeThrough(sequence: number): void {
    const through = Math.min(sequence, this.lastSequence);
    while (this.firstSequence !== 0 && this.firstSequence <= through) {
      const [segment] = this.segments;
      if (segment === undefined) break;
      const index = this.firstSequence - segment.firstSequence;
      this.bytes -= (segment.ends[index] ?? 0) - startOf(segment, index) - timestampBytes;
      this.firstSequence += 1;
      if (index + 1 === segment.ends.length) this.segments.shift();
    }
  }

  private segmentFor(sequence: number, neededBytes: number): Segment {
    const last = this.segments.at(-1);
    if (last !== undefined && last.buffer.length - (last.ends.at(-1) ?? 0) >= neededBytes) return last;
    const grown = last !== undefined ? Math.min(last.buffer.length * 2, largestSegmentBytes) : firstSegmentBytes;
    const buffer = Buffer.allocUnsafeSlow(Math.max(grown, neededBytes));
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    const segment = { firstSequence: sequence, buffer, view, ends: [] };
    this.segments.push(segment);
    return segment;
  }

  private segmentOf(sequence: number): Segment | undefined {
    if (sequence < this.firstSequence || sequence > this.lastSequence || this.firstSequence === 0) return undefined;
    let low = 0;
    let high = this.segments.length - 1;
    const last = this.segments[high];
    if (last !== undefined && sequence >= last.firstSequence) return last; // nearly every read is of a new message
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.segments[middle]?.firstSequence ?? 0) <= sequence) low = middle;
      else high = middle - 1;
    }
    return this.segments[low];
  }
}

function startOf(segment: Segment, index: number): number {
  return index === 0 ? 0 : (segment.ends[index - 1] ?? 0);
}
