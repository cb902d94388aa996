import { describe, expect, it } from 'vitest';

import { Backoff } from '../../../../lib/core/driver/backoff.js';

describe('back-off', () => {
  it('doubles from attempt to attempt, up to the limit', () => {
    const backoff = new Backoff({ initialDelayMs: 250, maxDelayMs: 1_500, jitter: 0 });
    expect([1, 2, 3, 4, 5].map(() => backoff.nextDelayMs())).toEqual([250, 500, 1_000, 1_500, 1_500]);
  });

  it('takes up to its share of jitter away', () => {
    const options = { initialDelayMs: 1_000, maxDelayMs: 1_000, jitter: 0.2 };
    expect(new Backoff(options, () => 1).nextDelayMs()).toBe(800);
    expect(new Backoff(options, () => 0).nextDelayMs()).toBe(1_000);
  });

  it('stays at the limit after thousands of attempts', () => {
    const backoff = new Backoff({ initialDelayMs: 250, maxDelayMs: 10_000, jitter: 0 });
    const delays = Array.from({ length: 5_000 }, () => backoff.nextDelayMs());
    expect(Math.max(...delays)).toBe(10_000);
    expect(delays.at(-1)).toBe(10_000);
  });
});
