import { UsageError } from '../../../../lib/cli/io/usage.error.js';
import { describe, expect, it } from 'vitest';
import { CommandError } from '../../../../lib/cli/dead-letters/command.error.js';
import type { DeadLetterEntry } from '../../../../lib/cli/dead-letters/dead-letter-entry.js';
import type { Selection } from '../../../../lib/cli/dead-letters/select-entries.js';
import { selectEntries } from '../../../../lib/cli/dead-letters/select-entries.js';

const done = { version: 1, kind: 'done', sequence: 2, action: 'replayed', at: 'noon', by: 'a@b' } as const;

/** Entries 1 to 5, of which 2 is done. */
const entries = [1, 2, 3, 4, 5].map((sequence): DeadLetterEntry => ({
  sequence,
  storedAt: new Date(0),
  bytes: Buffer.alloc(0),
  letter: undefined,
  done: sequence === 2 ? done : undefined,
}));

function select(selection: Partial<Selection>): number[] {
  return selectEntries(entries, { sequences: [], ...selection }).map(({ sequence }) => sequence);
}

describe('selectEntries', () => {
  it.each<[Partial<Selection>, number[]]>([
    [{ sequences: [3] }, [3]],
    [{ sequences: [5, 1, 5] }, [1, 5]],
    [{ sequences: [2], again: true }, [2]],
    [{ all: true }, [1, 3, 4, 5]],
    [{ all: true, again: true }, [1, 2, 3, 4, 5]],
    [{ from: 4 }, [4, 5]],
    [{ to: 3 }, [1, 3]],
    [{ from: 2, to: 4 }, [3, 4]],
    [{ from: 4, to: 2 }, []],
  ])('%o means %o', (selection, sequences) => {
    expect(select(selection)).toEqual(sequences);
  });

  it.each<[Partial<Selection>, RegExp]>([
    [{}, /select entries with exactly one of/],
    [{ sequences: [1], all: true }, /one of/],
    [{ all: true, from: 1 }, /one of/],
    [{ sequences: [1], to: 3 }, /one of/],
    [{ sequences: [9] }, /there is no dead letter 9/],
    [{ sequences: [1, 2] }, /2 was replayed at noon by a@b/],
  ])('%o is refused', (selection, reason) => {
    const isUsage = reason.source.includes('one of');
    expect(() => select(selection)).toThrow(isUsage ? UsageError : CommandError);
    expect(() => select(selection)).toThrow(reason);
  });
});
