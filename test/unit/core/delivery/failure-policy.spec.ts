import { describe, expect, it } from 'vitest';

import { FailurePolicy } from '../../../../lib/core/delivery/failure-policy.js';
import type { FailedDelivery } from '../../../../lib/core/delivery/failure-policy.js';
import { NewerEventVersionError } from '../../../../lib/core/errors/newer-event-version.error.js';
import { resolveSubscriptionOptions } from '../../../../lib/core/options/index.js';
import type { StanSubscriptionOptions } from '../../../../lib/core/options/index.js';
import type { RetryOptions } from '../../../../lib/index.js';
import { nextTurn } from '../../../support/wait.js';

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

describe('what follows a failure', () => {
  const failed: FailedDelivery = {
    error: new Error('no'),
    deliveries: 3,
    tries: 1,
    ackWaitLeftMs: 1_000,
    mayRetryHere: true,
  };
  const after = (
    options: StanSubscriptionOptions,
    facts: Partial<FailedDelivery> = {},
    laterMs: () => number | undefined = () => undefined,
  ) => {
    const asked = { isFinal: () => false, retryLaterMs: laterMs };
    return new FailurePolicy(resolveSubscriptionOptions(options, undefined), asked, () => 0).decide({
      ...failed,
      ...facts,
    });
  };

  it('is the wait that the handler asks for, whatever retry says', () => {
    expect(after({ retry: { attempts: 5, delayMs: 10 } }, {}, () => 700)).toEqual({ action: 'retry', afterMs: 700 });
  });

  it('is a try of the server where ack wait ends before or with that wait', () => {
    expect(after({}, {}, () => 999)).toEqual({ action: 'retry', afterMs: 999 });
    for (const laterMs of [1_000, 1_001])
      expect(after({}, {}, () => laterMs)).toEqual({ action: 'leave', notBeforeMs: laterMs });
  });

  it('is a try of the server where nothing may be started here', () => {
    expect(after({}, { mayRetryHere: false }, () => 10)).toEqual({ action: 'leave', notBeforeMs: 10 });
    expect(after({ retry: { delayMs: 10 } }, { mayRetryHere: false })).toEqual({ action: 'leave' });
  });

  it('is a try of the server without retry and without a limit of deliveries, however many have failed', () => {
    expect(after({}, { deliveries: 1_000_000 })).toEqual({ action: 'leave' });
  });

  it('ends with the last of maxDeliveries, also where the handler asks for a later try', () => {
    expect(after({ maxDeliveries: 4 })).toEqual({ action: 'leave' });
    expect(after({ maxDeliveries: 3 })).toEqual({ action: 'giveUp' });
    expect(after({ maxDeliveries: 3, deadLetter: { subject: 'dead' } }, {}, () => 10)).toEqual({
      action: 'deadLetter',
    });
  });

  it('is no try here for an event of a newer version than this process knows', () => {
    const error = new NewerEventVersionError('ticket:created', 1, 3, 2);
    expect(after({ retry: { delayMs: 10 } }, { error })).toEqual({ action: 'leave' });
  });

  it('is left to the server where a function of the user throws or answers a promise that rejects, and nobody is hurt', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    const rejected = (): never => Promise.reject(new Error('later')) as never;
    const throwing = (): never => {
      // What a user's function throws may be a promise too.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw rejected();
    };
    for (const retryOn of [rejected, throwing]) expect(after({ retry: { retryOn } })).toEqual({ action: 'leave' });
    expect(after({}, {}, throwing)).toEqual({ action: 'leave' });
    await nextTurn();
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });
});
