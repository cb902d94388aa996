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
    expect(harness.eventsOf('deliverySkipped')).toMatchObject(
      [1, 2, 3].map((sequence) => ({ sequence, reason: 'handled' })),
    );
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

describe('what a resume on another server process sends again', () => {
  it('is acked and not handled where it is older than what was known here', async () => {
    const harness = new PipelineHarness({ startAt: 'new' });
    await harness.arrive(8, { timestampNs: 8_000 });
    await harness.lastRun().succeed();
    harness.pipeline.resumeAt(true);
    const older = await harness.arrive(3, { timestampNs: 3_000 });
    expect([harness.runs.length, older.acks]).toEqual([1, 1]);
  });

  it('is passed over for good where its handler has acked and runs still', async () => {
    const harness = new PipelineHarness({ ackMode: 'manual', startAt: 'first' });
    await harness.arrive(1);
    harness.lastRun().delivery.ack();
    harness.pipeline.resumeAt(true);
    await harness.arrive(1, { redeliveryCount: 1 });
    await harness.arrive(2);
    harness.lastRun().delivery.ack();
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 3 });
  });
});

describe('a subscription with a durable', () => {
  it('starts each session where it was told to: the server knows the rest', async () => {
    const harness = new PipelineHarness({ durableName: 'orders', startAt: 'first' });
    await harness.arrive(1);
    await harness.lastRun().succeed();
    expect(harness.pipeline.resumeAt(false)).toBe('first');
    expect(harness.pipeline.resumeAt(true)).toBe('first');
  });

  it('knows what was handled here, and runs nothing twice', async () => {
    const harness = new PipelineHarness({ durableName: 'orders', ackMode: 'manual' });
    await harness.arrive(1);
    await harness.arrive(1, { redeliveryCount: 1 });
    harness.lastRun().delivery.ack();
    const running = await harness.arrive(1, { redeliveryCount: 2 });
    await harness.lastRun().succeed();
    const handled = await harness.arrive(1, { redeliveryCount: 3 });
    expect([harness.runs.length, running.acks, handled.acks]).toEqual([1, 1, 1]);
    await harness.arrive(2);
    expect(harness.runs).toHaveLength(2);
  });

  it('hands everything on where the client has acked on arrival, but for what came before', async () => {
    const harness = new PipelineHarness({ durableName: 'orders', ackMode: 'onDelivery' });
    for (const sequence of [1, 2, 1]) await harness.arrive(sequence);
    expect(harness.runs.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });
});

describe('a subscription to which nothing has come', () => {
  it('starts its next session as far back as it first began', async () => {
    const harness = new PipelineHarness({ startAt: 'new' });
    await harness.clock.advance(1_500);
    expect(harness.pipeline.resumeAt(false)).toEqual({ agoMs: 1_500 });
  });
});

describe('a resume on the same server process', () => {
  it('starts at the first event that never arrived here, and hands out what was handled not again', async () => {
    const harness = new PipelineHarness({ startAt: 'first' });
    for (const sequence of [1, 3, 4]) {
      await harness.arrive(sequence);
      await harness.lastRun().succeed();
    }
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 2 });
    const again = await Promise.all([2, 3, 4].map((sequence) => harness.arrive(sequence)));
    await harness.lastRun().succeed();
    expect(harness.runs.map((run) => run.sequence)).toEqual([1, 3, 4, 2]);
    expect(again.map((message) => message.acks)).toEqual([1, 1, 1]);
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 5 });
  });

  it('starts at the first of all where that one never arrived', async () => {
    const harness = new PipelineHarness({ startAt: 'first' });
    await harness.arrive(2);
    await harness.lastRun().succeed();
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 1 });
  });

  it('does not ask again for what the channel has dropped, once it would have been sent again several times', async () => {
    const harness = new PipelineHarness({ startAt: 'first', ackWaitMs: 1_000 });
    for (const sequence of [501, 502]) {
      await harness.arrive(sequence);
      await harness.lastRun().succeed();
      await harness.clock.advance(10_000);
    }
    await harness.arrive(503);
    await harness.lastRun().succeed();
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 504 });
  });

  it('cannot tell, as a member of a queue group, a lost event from one that another member has', async () => {
    const harness = new PipelineHarness({ startAt: 'first', queueGroup: 'orders' });
    for (const sequence of [1, 3]) {
      await harness.arrive(sequence);
      await harness.lastRun().succeed();
    }
    expect(harness.pipeline.resumeAt(false)).toEqual({ sequence: 4 });
  });
});

describe('a server that lost its state and whose clock is behind', () => {
  it('has its events handled, whatever their time', async () => {
    const harness = new PipelineHarness({ startAt: 'first' });
    for (const sequence of [1, 2]) {
      await harness.arrive(sequence, { timestampNs: 5_000 + sequence });
      await harness.lastRun().succeed();
    }
    harness.pipeline.resumeAt(true);
    for (const sequence of [1, 2, 3]) {
      await harness.arrive(sequence, { timestampNs: 1_000 + sequence });
      await harness.lastRun().succeed();
    }
    expect(harness.runs.map((run) => run.sequence)).toEqual([1, 2, 1, 2, 3]);
  });

  it('leaves no timer behind a stop, for an event whose sequence it has given to another', async () => {
    const harness = new PipelineHarness({
      startAt: 'first',
      ackWaitMs: 60_000,
      retry: { attempts: 2, delayMs: 20_000 },
    });
    await harness.arrive(1, { timestampNs: 5_000 });
    await harness.lastRun().fail(new Error('later'));
    harness.pipeline.resumeAt(true);
    await harness.arrive(1, { timestampNs: 6_000 });
    await harness.lastRun().succeed();
    harness.pipeline.stop();
    expect(harness.clock.pendingCount()).toBe(0);
  });
});
