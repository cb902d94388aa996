import { describe, expect, it } from 'vitest';

import { PendingEncodings } from '../../../../lib/nest/client/pending-encodings.js';
import { FakeClock } from '../../../support/fake-clock.js';

describe('an event whose serializer never settles', () => {
  it('fails at its deadline, and the events behind it go on', async () => {
    const { clock, encodings, outcomes, add } = desk();
    add('stuck', new Promise(() => undefined), 100);
    add('ready', Promise.resolve(Buffer.from('{}')), 200);

    await clock.advance(99);
    expect(outcomes).toEqual([]);

    await clock.advance(1);
    expect(outcomes).toEqual(['stuck expired', 'ready encoded']);
    expect(encodings.count).toBe(0);
  });

  it('leaves no timer behind once it was aborted', () => {
    const { clock, encodings, outcomes, add } = desk();
    add('stuck', new Promise(() => undefined), 100);

    encodings.abort();

    expect(outcomes).toEqual(['stuck aborted']);
    expect(clock.pendingCount()).toBe(0);
  });

  it('has each fail at a deadline of its own', async () => {
    const { clock, outcomes, add } = desk();
    add('first', new Promise(() => undefined), 100);
    add('second', new Promise(() => undefined), 150);

    await clock.advance(149);
    expect(outcomes).toEqual(['first expired']);

    await clock.advance(1);
    expect(outcomes).toEqual(['first expired', 'second expired']);
    expect(clock.pendingCount()).toBe(0);
  });
});

function desk() {
  const clock = new FakeClock();
  const encodings = new PendingEncodings(clock);
  const outcomes: string[] = [];
  const add = (name: string, bytes: Promise<Buffer>, timeoutMs: number): void => {
    const note = (outcome: string) => () => void outcomes.push(`${name} ${outcome}`);
    encodings.add(bytes, clock.nowMs() + timeoutMs, {
      encoded: note('encoded'),
      failed: note('failed'),
      aborted: note('aborted'),
      expired: note('expired'),
    });
  };
  return { clock, encodings, outcomes, add };
}
