import { describe, expect, it } from 'vitest';
import { toEntries } from '../../../../lib/cli/dead-letters/dead-letter-entry.js';
import type { DoneMarker } from '../../../../lib/core/dead-letters/done-marker.js';
import { encodeDoneMarker, parseDoneMarker } from '../../../../lib/core/dead-letters/done-marker.js';
import { parseDeadLetter } from '../../../../lib/core/dead-letters/dead-letter.js';

const marker: DoneMarker = {
  version: 1,
  kind: 'done',
  sequence: 2,
  action: 'dropped',
  at: '2026-01-01T00:00:00.000Z',
  by: 'a@b',
};
const storedAt = new Date(0);

describe('a done marker', () => {
  it('is read back as it was written, and is no dead letter', () => {
    expect(parseDoneMarker(encodeDoneMarker(marker))).toEqual(marker);
    expect(parseDeadLetter(encodeDoneMarker(marker))).toBeUndefined();
  });

  it.each([
    ['no JSON', 'x'],
    ['null', 'null'],
    ['another kind', { ...marker, kind: 'open' }],
    ['another version', { ...marker, version: 2 }],
    ['another action', { ...marker, action: 'eaten' }],
    ['a sequence that is none', { ...marker, sequence: '2' }],
    ['nobody', { ...marker, by: undefined }],
  ])('is not read from %s', (_what, value) => {
    expect(parseDoneMarker(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))).toBeUndefined();
  });
});

describe('toEntries', () => {
  it('puts the last marker to its entry, and leaves the markers out', () => {
    const again: DoneMarker = { ...marker, action: 'replayed', to: 'ticket:created' };
    const messages = [Buffer.from('a'), Buffer.from('b'), encodeDoneMarker(marker), encodeDoneMarker(again)];
    const entries = toEntries(messages.map((data, index) => ({ sequence: index + 1, storedAt, data })));
    expect(entries.map(({ sequence, done }) => [sequence, done?.action])).toEqual([
      [1, undefined],
      [2, 'replayed'],
    ]);
  });

  it('ignores a marker for what is no longer there', () => {
    expect(toEntries([{ sequence: 9, storedAt, data: encodeDoneMarker(marker) }])).toEqual([]);
  });
});
