import { describe, expect, it } from 'vitest';

import { settled } from '../../../support/fake-clock.js';
import { PipelineHarness, makeMessage } from '../../../support/pipeline-harness.js';

/** Enough that one run within the other would go beyond the stack. */
const many = 20_000;

/** The first event runs until the test ends it; those that wait behind it are done when they return. */
async function waitingBehindOne(
  harness: PipelineHarness,
  arrive: (sequence: number) => ReturnType<typeof makeMessage>,
) {
  const messages = Array.from({ length: many }, (_, index) => arrive(index + 1));
  for (const message of messages) harness.pipeline.accept(message);
  await settled();
  const sequences: number[] = [];
  harness.handleAtOnce = (_data, { message }) => sequences.push(message.sequence);
  await harness.lastRun().succeed();
  await harness.pipeline.whenIdle();
  while (harness.pipeline.waitingCount() > 0) await settled();
  return { sequences, acks: messages.reduce((sum, { acks }) => sum + acks, 0) };
}

const inOrder = Array.from({ length: many - 1 }, (_, index) => index + 2);

describe('a handler that is done when it returns', () => {
  it('has its event acked before the next one is taken', () => {
    const harness = new PipelineHarness({ concurrency: 1 });
    harness.handleAtOnce = () => undefined;
    const message = makeMessage(1);
    harness.pipeline.accept(message);
    expect([message.acks, harness.pipeline.runningCount()]).toEqual([1, 0]);
  });

  it('is told with its times, and comes to rest, as any other', () => {
    const harness = new PipelineHarness();
    harness.hasListeners = true;
    harness.handleAtOnce = () => undefined;
    harness.pipeline.accept(makeMessage(1));
    expect(harness.eventsOf('handled')).toMatchObject([{ sequence: 1, isAcked: true, tries: 1, tookMs: 0 }]);
  });

  it('fails by what it throws, and is tried again', async () => {
    const harness = new PipelineHarness({ retry: { attempts: 2, delayMs: 100 } });
    let runs = 0;
    harness.handleAtOnce = () => {
      runs += 1;
      if (runs === 1) throw new Error('not yet');
    };
    const message = await harness.arrive(1);
    await harness.clock.advance(200);
    expect([runs, message.acks]).toEqual([2, 1]);
  });

  it('lets any number wait for its place, in order', async () => {
    const harness = new PipelineHarness({ concurrency: 1, ackWaitMs: 60_000 });
    const { sequences, acks } = await waitingBehindOne(harness, (sequence) => makeMessage(sequence));
    expect(sequences).toEqual(inOrder);
    expect(acks).toBe(many);
  });

  it('lets any number wait in its lane, in order', async () => {
    const harness = new PipelineHarness({ lane: () => 'one', ackWaitMs: 60_000, maxInFlight: many });
    const { sequences, acks } = await waitingBehindOne(harness, (sequence) => makeMessage(sequence));
    expect(sequences).toEqual(inOrder);
    expect(acks).toBe(many);
  });

  it('leaves what waits to the server where it stops the app', async () => {
    const harness = new PipelineHarness({ concurrency: 1 });
    harness.pipeline.accept(makeMessage(1));
    const waiting = [2, 3, 4].map((sequence) => makeMessage(sequence));
    for (const message of waiting) harness.pipeline.accept(message);
    harness.handleAtOnce = () => harness.pipeline.stop();
    await harness.lastRun().succeed();
    expect(waiting.map(({ acks }) => acks)).toEqual([1, 0, 0]);
    expect(harness.pipeline.waitingCount()).toBe(0);
  });

  it('needs no word to a broker that it is at work', () => {
    const harness = new PipelineHarness({ ackWaitMs: 3_000 });
    harness.handleAtOnce = () => undefined;
    harness.pipeline.accept(Object.assign(makeMessage(1), { extend: () => true }));
    expect(harness.clock.pendingCount()).toBe(0);
  });
});
