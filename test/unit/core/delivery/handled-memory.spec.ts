import { describe, expect, it } from 'vitest';

import { HandledMemory } from '../../../../lib/core/delivery/handled-memory.js';
import { SettledRanges } from '../../../../lib/core/delivery/settled-ranges.js';

describe('the memory of handled messages', () => {
  it('knows a message by its sequence and its time stamp', () => {
    const memory = new HandledMemory(1_000);
    memory.remember(7, 70);
    expect(memory.has(7, 70)).toBe(true);
    expect(memory.has(7, 71)).toBe(false);
    expect(memory.has(8, 70)).toBe(false);
    memory.remember(7, 71);
    expect(memory.has(7, 70)).toBe(false);
    expect(memory.has(7, 71)).toBe(true);
  });

  it('knows nothing of a message without a time before it was handled', () => {
    expect(new HandledMemory(1_000).has(7, 0)).toBe(false);
  });

  it('keeps the newest ones, and no older one pushes them out', () => {
    const memory = new HandledMemory(1_000);
    for (let sequence = 10_000; sequence < 11_000; sequence += 1) memory.remember(sequence, sequence);
    for (let sequence = 1; sequence < 9_000; sequence += 1) memory.remember(sequence, sequence);
    for (let sequence = 10_000; sequence < 11_000; sequence += 1) expect(memory.has(sequence, sequence)).toBe(true);
    expect(memory.has(1, 1)).toBe(false);
  });

  it('keeps sparse sequences side by side, whatever the distance between them', () => {
    const memory = new HandledMemory(65_536);
    const sequences = [1, 1_025, 2_049, 65_537, 1_000_001, 2 ** 40];
    for (const sequence of sequences) memory.remember(sequence, sequence * 2);
    for (const sequence of sequences) expect(memory.has(sequence, sequence * 2)).toBe(true);
    expect(memory.lowest()).toEqual({ sequence: 1, timestampNs: 2 });
  });

  it('has no lowest message while it is empty', () => {
    expect(new HandledMemory(10).lowest()).toBeUndefined();
  });
});

describe('settled ranges', () => {
  const ranges = (...sequences: number[]) => {
    const settled = new SettledRanges(100);
    for (const sequence of sequences) settled.add({ sequence, timestampNs: sequence * 10 });
    return settled;
  };
  const has = (settled: SettledRanges, sequence: number, timestampNs = sequence * 10): boolean =>
    settled.has({ sequence, timestampNs });

  it.each([
    [[1, 2, 3], 3],
    [[3, 2, 1], 3],
    [[1, 3, 2], 3],
    [[2, 3, 1, 5], 3],
    [[1, 1, 1], 1],
    [[4, 2, 1, 3, 2], 4],
  ])('join in whatever order they come: %j', (sequences, end) => {
    expect(ranges(...sequences).endOfRun(1)).toEqual({ sequence: end, timestampNs: end * 10 });
  });

  it('end before a gap', () => {
    const settled = ranges(1, 2, 4, 5);
    expect(settled.endOfRun(1)?.sequence).toBe(2);
    expect(settled.endOfRun(3)).toBeUndefined();
    expect(settled.endOfRun(4)?.sequence).toBe(5);
    expect([1, 2, 3, 4, 5, 6].map((sequence) => has(settled, sequence))).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  it('do not hold a message of another time', () => {
    const settled = ranges(1, 2, 3);
    expect(has(settled, 2, 9)).toBe(false);
    expect(has(settled, 2, 31)).toBe(false);
  });

  it('forget some where there are too many, and never claim one that is not settled', () => {
    const settled = new SettledRanges(3);
    for (const sequence of [1, 3, 5, 7, 9]) settled.add({ sequence, timestampNs: sequence });
    const known = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((sequence) => has(settled, sequence, sequence));
    expect(known).toHaveLength(3);
    expect(known.every((sequence) => sequence % 2 === 1)).toBe(true);
  });
});
