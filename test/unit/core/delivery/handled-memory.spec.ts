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

  it('knows the newest ones up to its capacity at any time, wherever they begin', () => {
    for (const [capacity, start] of [
      [1, 1],
      [33, 40],
      [100, 7],
      [128, 64],
    ] as const) {
      const memory = new HandledMemory(capacity);
      for (let newest = start; newest < start + 1_000; newest += 1) {
        memory.remember(newest, newest);
        for (let each = Math.max(start, newest - capacity + 1); each <= newest; each += 1)
          if (!memory.has(each, each)) expect.fail(`${String(each)} is forgotten at ${String(newest)}`);
      }
    }
  });

  it('takes bounded memory: of events far from each other it knows the newest few', () => {
    const sequences = Array.from({ length: 20 }, (_, index) => 32 * index + 5);
    const memory = new HandledMemory(64);
    const counts = sequences.map((added) => {
      memory.remember(added, added);
      return sequences.filter((sequence) => memory.has(sequence, sequence)).length;
    });
    expect(counts.slice(0, 8)).toEqual([1, 2, 3, 4, 3, 4, 3, 4]);
    expect(sequences.filter((sequence) => memory.has(sequence, sequence))).toEqual(sequences.slice(-4));
    expect(memory.lowest()).toEqual({ sequence: sequences.at(-4), timestampNs: sequences.at(-4) });
  });

  it('knows no message that was forgotten meanwhile, not even the one that was asked for last', () => {
    const memory = new HandledMemory(1);
    for (const sequence of [5, 105, 205]) {
      memory.remember(sequence, sequence);
      expect(memory.has(5, 5)).toBe(sequence < 205);
    }
  });

  it('keeps sparse sequences side by side, whatever the distance between them', () => {
    const memory = new HandledMemory(65_536);
    const sequences = [1, 1_025, 2_049, 65_537, 1_000_001, 2 ** 40];
    for (const sequence of sequences) memory.remember(sequence, sequence * 2);
    for (const sequence of sequences) expect(memory.has(sequence, sequence * 2)).toBe(true);
    expect(memory.lowest()).toEqual({ sequence: 1, timestampNs: 2 });
  });

  it('tells the lowest message, whatever order they came in', () => {
    const memory = new HandledMemory(1_000);
    for (const sequence of [70, 40, 100, 37, 38]) memory.remember(sequence, sequence * 10);
    expect(memory.lowest()).toEqual({ sequence: 37, timestampNs: 370 });
    memory.remember(32, 0);
    expect(memory.lowest()).toEqual({ sequence: 32, timestampNs: 0 });
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

  it('join those that come between two of the last', () => {
    expect(ranges(1, 3, 5, 4).endOfRun(3)?.sequence).toBe(5);
    expect(ranges(1, 3, 5, 2).endOfRun(1)?.sequence).toBe(3);
  });

  it('do not hold a message of a gap, whatever its time', () => {
    const settled = ranges(1, 2, 4, 5);
    for (const timestampNs of [20, 30, 40, 45, 50]) expect(has(settled, 3, timestampNs)).toBe(false);
  });

  it('do not hold a message of another time', () => {
    const settled = ranges(1, 2, 3);
    expect(has(settled, 2, 9)).toBe(false);
    expect(has(settled, 2, 10)).toBe(true);
    expect(has(settled, 2, 30)).toBe(true);
    expect(has(settled, 2, 31)).toBe(false);
  });

  it.each([
    ['one after the other', [1, 2, 3]],
    ['backwards', [3, 2, 1]],
    ['the middle last', [1, 3, 2]],
    ['the end after something later', [9, 1, 2, 3]],
  ])('know the times of both ends, filled %s', (_order, sequences) => {
    const settled = ranges(...sequences);
    expect([9, 10, 30, 31].map((timestampNs) => has(settled, 2, timestampNs))).toEqual([false, true, true, false]);
    expect(settled.endOfRun(1)).toEqual({ sequence: 3, timestampNs: 30 });
  });

  it('hold whatever is added in whatever order, each with its own end', () => {
    const order = [50, 10, 30, 20, 70, 60, 11, 29, 31, 51, 49, 12, 28, 10, 70];
    const settled = ranges(...order);
    const held = new Set(order);
    for (let sequence = 0; sequence <= 75; sequence += 1) {
      let end: number | undefined;
      if (held.has(sequence)) for (end = sequence; held.has(end + 1);) end += 1;
      expect(settled.endOfRun(sequence)?.sequence).toBe(end);
      expect(has(settled, sequence)).toBe(held.has(sequence));
    }
  });

  it('hold nothing once they are cleared', () => {
    const settled = ranges(1, 2, 4);
    settled.clear();
    expect(settled.endOfRun(1)).toBeUndefined();
    settled.add({ sequence: 2, timestampNs: 20 });
    expect(settled.endOfRun(2)).toEqual({ sequence: 2, timestampNs: 20 });
    expect(has(settled, 1)).toBe(false);
  });

  it('forget some where there are too many, and never claim one that is not settled', () => {
    const settled = new SettledRanges(4);
    for (const sequence of [1, 3, 5, 7, 9, 11]) settled.add({ sequence, timestampNs: sequence });
    const known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].filter((sequence) => has(settled, sequence, sequence));
    // The first ones tell where to begin again, the last one where the events are now.
    expect(known).toEqual([1, 3, 5, 11]);
  });
});
