import { describe, expect, it } from 'vitest';
import type { DeadLetterEntry } from '../../../../lib/cli/dead-letters/dead-letter-entry.js';
import { describeEntries, describeEntry, formatAge } from '../../../../lib/cli/dead-letters/entry-view.js';

describe('formatAge', () => {
  it.each([
    [-5_000, '0s'],
    [999, '0s'],
    [59_000, '59s'],
    [60_000, '1m'],
    [61_000, '1m 1s'],
    [3_600_000, '1h'],
    [3_661_000, '1h 1m'],
    [90_000_000, '1d 1h'],
    [864_000_000, '10d'],
    [86_460_000, '1d'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});

describe('what came in an event', () => {
  const hostile = '\u001b[2J\u0007evil\r\u009b31m';
  const letter = {
    version: 1,
    subject: 'ticket:created',
    sequence: 1,
    timestamp: 'then',
    deliveries: 1,
    failedAt: 'now',
    error: { name: hostile, message: hostile, stack: `${hostile}\n    at Tickets.created` },
    handler: hostile,
    service: hostile,
    clientId: hostile,
    payload: { encoding: 'utf8', data: `${hostile}\n\tsecond line` },
  } as const;
  const readable: DeadLetterEntry = {
    sequence: 1,
    storedAt: new Date(0),
    bytes: Buffer.alloc(0),
    letter,
    done: undefined,
  };
  const unreadable: DeadLetterEntry = { ...readable, letter: undefined, bytes: Buffer.from(hostile) };

  it.each([readable, unreadable])('never steers the terminal', (entry) => {
    for (const text of [describeEntry(entry, new Date(0)), describeEntries([entry], new Date(0))]) {
      // eslint-disable-next-line no-control-regex -- control characters are what it looks for
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }
    expect(describeEntry(entry, new Date(0))).toContain('evil');
  });

  it('keeps its lines', () => {
    expect(describeEntry(readable, new Date(0))).toContain('\n\tsecond line');
  });
});
