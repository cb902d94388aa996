import { describe, expect, it } from 'vitest';
import type { Step } from '../../../../lib/cli/dead-letters/settle-entries.js';
import { takeSteps } from '../../../../lib/cli/dead-letters/settle-entries.js';

const steps: Step[] = [1, 2, 3].map((sequence) => ({
  sequence,
  action: 'replayed',
  send: { subject: 'ticket:created', data: Buffer.from(`event ${sequence}`) },
}));

/** Takes the steps with a publisher that refuses from its n-th publish on. */
async function take({ failAt = Infinity } = {}) {
  const published: string[] = [];
  let stepCount = 0;
  const publish = async (subject: string, data: Buffer): Promise<void> => {
    if (published.length + 1 >= failAt) throw new Error('refused');
    published.push(`${subject}: ${data.toString()}`);
  };
  const surroundings = {
    deadLetterSubject: 'dead',
    by: 'a@b',
    now: () => new Date(0),
    onStep: () => (stepCount += 1),
  };
  const outcome = await takeSteps(steps, { publish }, surroundings).then(
    () => 'done',
    (error: unknown) => (error as Error).message,
  );
  return { published, stepCount, outcome };
}

describe('takeSteps', () => {
  it('marks each entry as done after it was stored, before the next is sent', async () => {
    const { published, stepCount, outcome } = await take();
    expect(outcome).toBe('done');
    expect(stepCount).toBe(3);
    expect(published.map((line) => line.split(':')[0])).toEqual(['ticket', 'dead', 'ticket', 'dead', 'ticket', 'dead']);
    expect(JSON.parse(published[1]?.slice('dead: '.length) ?? '')).toEqual({
      version: 1,
      kind: 'done',
      sequence: 1,
      action: 'replayed',
      to: 'ticket:created',
      at: '1970-01-01T00:00:00.000Z',
      by: 'a@b',
    });
  });

  it.each([
    [3, 1],
    [4, 1],
  ])(
    'ends at a publish that fails (the %d.), with %d done and nothing marked that was not sent',
    async (failAt, doneCount) => {
      const { published, stepCount, outcome } = await take({ failAt });
      expect(outcome).toBe('refused');
      expect(stepCount).toBe(doneCount);
      expect(published).toHaveLength(failAt - 1);
    },
  );
});
