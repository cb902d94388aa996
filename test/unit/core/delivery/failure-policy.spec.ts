import { describe, expect, it } from 'vitest';

import { FailurePolicy } from '../../../../lib/core/delivery/failure-policy.js';
import type { FailedDelivery } from '../../../../lib/core/delivery/failure-policy.js';
import { resolveSubscriptionOptions } from '../../../../lib/core/options/index.js';
import type { RetryOptions } from '../../../../lib/index.js';

const classifier = { isFinal: () => false, retryLaterMs: () => undefined };

/** The waits before the second, third … run, as long as there is one. */
function waitsOf(retry: RetryOptions, { random = 0, ackWaitLeftMs = 60_000 } = {}): number[] {
  const policy = new FailurePolicy(resolveSubscriptionOptions({ retry }, undefined), classifier, () => random);
  const waits: number[] = [];
  for (let tries = 1; ; tries += 1) {
    const failed: FailedDelivery = {
      error: new Error('no'),
      deliveries: 1,
      tries,
      ackWaitLeftMs,
      mayRetryHere: true,
    };
    const decision = policy.decide(failed);
    if (decision.action !== 'retry') return waits;
    waits.push(decision.afterMs);
  }
}

describe('the waits between the runs of one delivery', () => {
  it('grow by factor, and no further than maxDelayMs', () => {
    expect(waitsOf({ attempts: 6, delayMs: 100, factor: 3, maxDelayMs: 1_000, jitter: 0 })).toEqual([
      100, 300, 900, 1_000, 1_000,
    ]);
  });

  it('are shorter by a random share up to jitter, also the longest', () => {
    const retry = { attempts: 4, delayMs: 100, factor: 10, maxDelayMs: 1_000, jitter: 0.5 };
    expect(waitsOf(retry, { random: 1 })).toEqual([50, 500, 500]);
    expect(waitsOf(retry, { random: 0.5 })).toEqual([75, 750, 750]);
  });

  it('end before the server sends the event again', () => {
    expect(
      waitsOf({ attempts: 9, delayMs: 100, factor: 10, maxDelayMs: 10_000, jitter: 0 }, { ackWaitLeftMs: 1_000 }),
    ).toEqual([100]);
  });
});
