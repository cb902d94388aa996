import { describe, expect, it } from 'vitest';
import { formatAge } from '../../../../lib/cli/dead-letters/entry-view.js';

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
