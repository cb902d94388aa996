import { describe, expect, it } from 'vitest';
import { settled } from '../../../support/fake-clock.js';
import { LaterFailure, makeMessage, PipelineHarness } from '../../../support/pipeline-harness.js';

describe('a broker that keeps the time of a later try', () => {
  it('is asked for it, and what it sends then is handled at once', async () => {
    const { pipeline, runs } = new PipelineHarness({ ackWaitMs: 1_000 });
    const asked: number[] = [];
    const first = Object.assign(makeMessage(1), { retryAfter: (ms: number) => asked.push(ms) > 0 });
    pipeline.accept(first);
    await settled();
    await runs[0]!.fail(new LaterFailure(5_000));
    expect(asked).toEqual([5_000]);
    pipeline.accept(makeMessage(1, { redeliveryCount: 1 }));
    await settled();
    expect(runs).toHaveLength(2);
  });

  it('is not trusted with it once its session has gone: the time is kept here', async () => {
    const { clock, pipeline, runs } = new PipelineHarness({ ackWaitMs: 1_000 });
    pipeline.accept(Object.assign(makeMessage(1), { retryAfter: () => false }));
    await settled();
    await runs[0]!.fail(new LaterFailure(5_000));
    pipeline.accept(makeMessage(1, { redeliveryCount: 1 }));
    await settled();
    expect(runs).toHaveLength(1);
    await clock.advance(5_000);
    expect(runs.length).toBeLessThanOrEqual(2);
  });
});

describe('a broker that can be told that a handler is at work', () => {
  it('is told three times per ack wait while it runs, and no more afterwards', async () => {
    const { clock, pipeline, runs } = new PipelineHarness({ ackWaitMs: 3_000 });
    let told = 0;
    pipeline.accept(Object.assign(makeMessage(1), { extend: () => (told += 1) > 0 }));
    await settled();
    await clock.advance(3_000);
    expect(told).toBe(3);
    await runs[0]!.succeed();
    await clock.advance(10_000);
    expect(told).toBe(3);
    expect(clock.pendingCount()).toBe(0);
  });

  it('lets a later retry stay within the ack wait that started over', async () => {
    const { clock, pipeline, runs } = new PipelineHarness({ ackWaitMs: 3_000, retry: { attempts: 2, delayMs: 100 } });
    pipeline.accept(Object.assign(makeMessage(1), { extend: () => true }));
    await settled();
    await clock.advance(5_000);
    await runs[0]!.fail(new Error('not yet'));
    await clock.advance(200);
    expect(runs).toHaveLength(2);
  });
});
