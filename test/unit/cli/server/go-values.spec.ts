import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatSize,
  parseGoDuration,
  parseSize,
} from '../../../../lib/cli/server/go-values.js';

describe("Go's durations", () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['5s', 5_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['300ms', 300],
    ['2h3m4s', 7_384_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms);
  });

  it.each(['', '5', 's', '5 s', '-5s', '5sec', '5s!'])('"%s" is none', (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });

  it.each([
    [0, '0s'],
    [400, '400ms'],
    [5_000, '5s'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
  ])('%d ms is shown as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1024', 1_024],
    ['64KB', 65_536],
    ['64k', 65_536],
    ['2M', 2_097_152],
    ['1GB', 1_073_741_824],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'MB', '1.5MB', '-1', '5XB'])('"%s" is none', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  it('are shown with a unit', () => {
    expect([formatSize(400), formatSize(1_024_000_000)]).toEqual(['400 B', '1.0 GB']);
  });
});

describe('counts', () => {
  it('are shown with their thousands apart', () => {
    expect([0, 999, 1_000, 123_456, 1_000_000].map(formatCount)).toEqual(['0', '999', '1,000', '123,456', '1,000,000']);
  });
});
