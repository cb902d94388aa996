import { describe, expect, it } from 'vitest';

import { FailureMemory } from '../../../../lib/core/delivery/failure-memory.js';
import type { Failure } from '../../../../lib/core/delivery/failure-memory.js';

function failure(timestampNs: number, deliveries = 1): Failure {
  return {
    timestampNs,
    deliveries,
    renewals: 0,
    notBeforeMs: undefined,
    laterMs: undefined,
    givenUp: false,
    error: undefined,
  };
}

function remembering(capacity: number, ...sequences: number[]): FailureMemory {
  const memory = new FailureMemory(capacity);
  for (const sequence of sequences) memory.set(sequence, failure(sequence));
  return memory;
}

const known = (memory: FailureMemory, ...sequences: number[]): number[] =>
  sequences.filter((sequence) => memory.get(sequence, sequence) !== undefined);

describe('the memory of failed messages', () => {
  it('knows a message by its sequence and its time stamp', () => {
    const memory = remembering(10, 7);
    expect(memory.get(7, 7)).toEqual(failure(7));
    expect(memory.get(7, 8)).toBeUndefined();
    expect(memory.get(8, 7)).toBeUndefined();
  });

  it('keeps the newest failure of a message, in one place', () => {
    const memory = remembering(2, 1, 2);
    memory.set(2, failure(2, 5));
    expect(memory.get(2, 2)?.deliveries).toBe(5);
    expect(known(memory, 1, 2)).toEqual([1, 2]);
  });

  it('keeps as many as its capacity, and forgets the oldest first', () => {
    expect(known(remembering(3, 1, 2, 3), 1, 2, 3)).toEqual([1, 2, 3]);
    expect(known(remembering(3, 1, 2, 3, 4), 1, 2, 3, 4)).toEqual([2, 3, 4]);
  });

  it('counts a message that has failed again as the newest', () => {
    expect(known(remembering(3, 1, 2, 3, 1, 4), 1, 2, 3, 4)).toEqual([1, 3, 4]);
  });

  it('forgets a message that was settled, and no other', () => {
    const memory = remembering(3, 1, 2);
    memory.delete(1);
    memory.delete(9);
    expect(known(memory, 1, 2)).toEqual([2]);
  });

  it('has room for one more after one was settled', () => {
    const memory = remembering(2, 1, 2);
    memory.delete(2);
    memory.set(3, failure(3));
    expect(known(memory, 1, 2, 3)).toEqual([1, 3]);
  });
});
