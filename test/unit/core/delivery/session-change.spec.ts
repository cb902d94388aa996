import { describe, expect, it } from 'vitest';

import { LaterFailure, PipelineHarness } from '../../../support/pipeline-harness.js';

// What a subscription without a durable does with a resume on another server process, which sends everything again from
// the first event on.
describe('a resume on another server process', () => {
  it('hands nothing again to a handler whose events are acked on arrival', async () => {
    const harness = new PipelineHarness({ ackMode: 'onDelivery' });
    for (const sequence of [1, 2, 3]) await harness.arrive(sequence);
    expect(harness.pipeline.resumeAt(true)).toBe('first');
    for (const sequence of [1, 2, 3, 4]) await harness.arrive(sequence);
    expect(harness.runs.map((run) => run.sequence)).toEqual([1, 2, 3, 4]);
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([1, 2, 3].map((sequence) => ({ sequence })));
  });

  it('comes back in the session after it to an event that ran all the while and then failed', async () => {
    const harness = new PipelineHarness();
    await harness.arrive(1);
    const running = harness.lastRun();
    expect(harness.pipeline.resumeAt(true)).toBe('first');
    await harness.arrive(1, { redeliveryCount: 1 });
    await harness.arrive(2);
    await harness.lastRun().succeed();
    await running.fail(new Error('not now'));
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 1 });
  });

  it('comes back in the session after it to an event that waits for a later try', async () => {
    const harness = new PipelineHarness({ ackWaitMs: 5_000 });
    await harness.arrive(1);
    await harness.lastRun().fail(new LaterFailure(60_000));
    harness.pipeline.resumeAt(true);
    await harness.arrive(1, { redeliveryCount: 1 });
    await harness.arrive(2);
    await harness.lastRun().succeed();
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 1 });
  });
});
