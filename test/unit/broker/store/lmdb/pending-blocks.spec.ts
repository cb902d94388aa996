import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockSequences, PendingBlocks, sequencesOf } from '../../../../../lib/broker/store/lmdb/pending-blocks.js';

/** The rows that a file would hold. */
class Rows {
  private readonly rows = new Map<number, Uint8Array>();
  writes = 0;

  take(blocks: PendingBlocks): void {
    blocks.takeChanges((block, bits) => {
      this.writes += 1;
      if (bits === undefined) this.rows.delete(block);
      else this.rows.set(block, Uint8Array.from(bits));
    });
  }

  get sequences(): number[] {
    return [...this.rows].sort(([a], [b]) => a - b).flatMap(([block, bits]) => sequencesOf(block, bits));
  }

  get numbers(): number[] {
    return [...this.rows.keys()].sort((a, b) => a - b);
  }
}

describe('the unacked sequences of a subscription in the file', () => {
  it('are those added and not removed, through any mix of writes and restarts', () => {
    const sequence = fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: blockSequences - 3, max: blockSequences + 3 }),
      fc.integer({ min: 2 ** 53 - 2_000, max: 2 ** 53 - 1 }),
    );
    const step = fc.record({ do: fc.constantFrom('add', 'add', 'remove', 'write', 'restart'), sequence });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const expected = new Set<number>();
        const rows = new Rows();
        let blocks = new PendingBlocks();
        for (const one of steps) {
          if (one.do === 'add') {
            expected.add(one.sequence);
            blocks.add(one.sequence);
          } else if (one.do === 'remove') {
            expected.delete(one.sequence);
            blocks.remove(one.sequence);
          } else {
            rows.take(blocks);
            expect(rows.sequences).toEqual([...expected].sort((a, b) => a - b));
            expect(blocks.written().sort((a, b) => a - b)).toEqual(rows.numbers);
            if (one.do === 'restart') blocks = new PendingBlocks(rows.sequences);
          }
        }
      }),
    );
  });

  it('take one write for a thousand of them', () => {
    const rows = new Rows();
    const blocks = new PendingBlocks();
    for (let sequence = 0; sequence < blockSequences; sequence += 1) blocks.add(sequence);
    rows.take(blocks);
    expect(rows.writes).toBe(1);
    expect(rows.sequences).toHaveLength(blockSequences);
  });

  it('are not written where all of them are acked before the write', () => {
    const rows = new Rows();
    const blocks = new PendingBlocks();
    for (let sequence = 1; sequence <= 100; sequence += 1) blocks.add(sequence);
    for (let sequence = 1; sequence <= 100; sequence += 1) blocks.remove(sequence);
    rows.take(blocks);
    expect(rows.writes).toBe(0);
  });
});
