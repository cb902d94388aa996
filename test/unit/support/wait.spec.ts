import { describe, expect, it } from 'vitest';
import { eventually, latch } from '../../support/wait.js';

describe('eventually', () => {
  it('returns what the check returned once it holds', async () => {
    let looks = 0;
    const found = await eventually(() => {
      looks += 1;
      if (looks < 3) throw new Error('not yet');
      return 'found';
    });
    expect(found).toBe('found');
    expect(looks).toBe(3);
  });

  it('takes false for "not yet" and undefined for "holds"', async () => {
    const answers = [false, undefined] as const;
    let looks = 0;
    await expect(eventually(() => answers[looks++])).resolves.toBeUndefined();
    expect(looks).toBe(2);
  });

  it('names what was waited for and the last failure', async () => {
    const never = eventually(() => Promise.reject(new Error('7 of 9')), { what: 'nine events', timeoutMs: 30 });
    await expect(never).rejects.toThrow('gave up waiting for nine events after 30 ms: 7 of 9');
  });
});

describe('latch', () => {
  it('gives its value to whoever waits, before or after it is opened', async () => {
    const gate = latch<number>();
    const early = gate.wait();
    gate.open(7);
    gate.open(8);
    expect(await Promise.all([early, gate.wait()])).toEqual([7, 7]);
  });

  it('fails by name when it stays shut', async () => {
    await expect(latch().wait({ what: 'the handler to start', timeoutMs: 10 })).rejects.toThrow(
      'gave up waiting for the handler to start after 10 ms',
    );
  });
});
