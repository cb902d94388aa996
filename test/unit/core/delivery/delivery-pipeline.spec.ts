import { describe, expect, it } from 'vitest';

import { decodePayload } from '../../../../lib/core/delivery/dead-letter.js';
import { FinalFailure, LaterFailure, PipelineHarness } from '../../../support/pipeline-harness.js';
import { settled } from '../../../support/fake-clock.js';

const ackWaitMs = 5_000;

describe('an event whose handler finishes', () => {
  it('is acked once, after the handler', async () => {
    const harness = new PipelineHarness();
    const message = await harness.arrive(1, { data: '{"id":7}' });
    expect(harness.lastRun().data).toEqual({ id: 7 });
    expect(message.acks).toBe(0);
    await harness.lastRun().succeed();
    expect(message.acks).toBe(1);
  });

  it('is acked again, and not handled again, when the server sends it again', async () => {
    const harness = new PipelineHarness();
    await harness.arrive(1);
    await harness.lastRun().succeed();
    const again = await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.runs).toHaveLength(1);
    expect(again.acks).toBe(1);
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'handled', sequence: 1 }]);
  });

  it('is another event under the same sequence when the server has started over', async () => {
    const harness = new PipelineHarness();
    await harness.arrive(1, { timestampNs: 1_000 });
    await harness.lastRun().succeed();
    const other = await harness.arrive(1, { timestampNs: 2_000, data: '"new"' });
    expect(harness.lastRun().data).toBe('new');
    await harness.lastRun().succeed();
    expect(other.acks).toBe(1);
  });
});

describe('an event that comes again while its handler runs', () => {
  it('starts no second run and is acked through the newest session', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    let firstSessionLives = true;
    const first = await harness.arrive(1, { isReachable: () => firstSessionLives });
    firstSessionLives = false;
    const second = await harness.arrive(1, { redeliveryCount: 1 });
    await harness.lastRun().succeed();
    expect(harness.runs).toHaveLength(1);
    expect([first.acks, first.lateAcks, second.acks]).toEqual([0, 0, 1]);
  });

  it('says once that handlers come near ack wait', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    for (const sequence of [1, 2]) {
      await harness.arrive(sequence);
      await harness.arrive(sequence, { redeliveryCount: 1 });
    }
    expect(harness.eventsOf('ackWaitNear')).toMatchObject([{ sequence: 1, ackWaitMs }]);
  });
});

describe('the gate', () => {
  it('runs no more than concurrency handlers at a time, in order of arrival', async () => {
    const harness = new PipelineHarness({ concurrency: 2 });
    for (const sequence of [1, 2, 3, 4]) await harness.arrive(sequence);
    expect(harness.runs.map((run) => run.sequence)).toEqual([1, 2]);
    await harness.runs[1]!.succeed();
    await harness.runs[0]!.succeed();
    expect(harness.runs.map((run) => run.sequence)).toEqual([1, 2, 3, 4]);
  });

  it('does not start what has waited past its ack wait', async () => {
    const harness = new PipelineHarness({ concurrency: 1, ackWaitMs });
    await harness.arrive(1);
    const waited = await harness.arrive(2);
    await harness.clock.advance(ackWaitMs);
    await harness.lastRun().succeed();
    expect(harness.runs).toHaveLength(1);
    expect(waited.acks).toBe(0);
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'expired', sequence: 2 }]);
    await harness.arrive(2, { redeliveryCount: 1 });
    expect(harness.lastRun().sequence).toBe(2);
  });

  it('starts a waiting event that was sent again meanwhile, once', async () => {
    const harness = new PipelineHarness({ concurrency: 1, ackWaitMs });
    await harness.arrive(1);
    await harness.arrive(2);
    await harness.clock.advance(ackWaitMs - 1);
    const again = await harness.arrive(2, { redeliveryCount: 1 });
    await harness.clock.advance(ackWaitMs - 1);
    await harness.lastRun().succeed();
    expect(harness.runs.map((run) => run.sequence)).toEqual([1, 2]);
    await harness.lastRun().succeed();
    expect(harness.runs).toHaveLength(2);
    expect(again.acks).toBe(1);
  });
});

describe('an event whose handler fails', () => {
  it('is not acked and is handled again when the server sends it again', async () => {
    const harness = new PipelineHarness();
    const first = await harness.arrive(1);
    await harness.lastRun().fail(new Error('database down'));
    expect(first.acks).toBe(0);
    expect(harness.eventsOf('handlerError')).toMatchObject([{ deliveries: 1, tries: 1, next: 'redelivery' }]);
    const second = await harness.arrive(1, { redeliveryCount: 1 });
    await harness.lastRun().succeed();
    expect(second.acks).toBe(1);
  });

  it('is tried again here after growing delays, up to retry.attempts, within ack wait', async () => {
    const harness = new PipelineHarness({ ackWaitMs, retry: { attempts: 3, delayMs: 100, factor: 3, jitter: 0 } });
    const message = await harness.arrive(1);
    await harness.lastRun().fail(new Error('1'));
    await harness.clock.advance(99);
    expect(harness.runs).toHaveLength(1);
    await harness.clock.advance(1);
    expect(harness.runs).toHaveLength(2);
    await harness.lastRun().fail(new Error('2'));
    await harness.clock.advance(299);
    expect(harness.runs).toHaveLength(2);
    await harness.clock.advance(1);
    await harness.lastRun().fail(new Error('3'));
    await harness.clock.advance(60_000);
    expect(harness.runs).toHaveLength(3);
    expect(message.acks).toBe(0);
    expect(harness.eventsOf('handlerError').map((event) => event.next)).toEqual(['retry', 'retry', 'redelivery']);
  });

  it('is left to the server where the next try would begin past ack wait', async () => {
    const harness = new PipelineHarness({ ackWaitMs: 1_000, retry: { attempts: 5, delayMs: 1_000, jitter: 0 } });
    await harness.arrive(1);
    await harness.lastRun().fail(new Error('slow to recover'));
    expect(harness.clock.pendingCount()).toBe(0);
    expect(harness.eventsOf('handlerError')).toMatchObject([{ next: 'redelivery' }]);
  });

  it('is left to the server where retryOn says no, or throws', async () => {
    const answers = [() => false, () => JSON.parse('{') as boolean];
    for (const retryOn of answers) {
      const harness = new PipelineHarness({ retry: { retryOn } });
      await harness.arrive(1);
      await harness.lastRun().fail(new Error('not worth it'));
      expect(harness.eventsOf('handlerError')).toMatchObject([{ next: 'redelivery' }]);
    }
  });

  it('frees its place for others while it waits for its next try', async () => {
    const harness = new PipelineHarness({ concurrency: 1, retry: { attempts: 2, delayMs: 500, jitter: 0 } });
    await harness.arrive(1);
    await harness.arrive(2);
    await harness.lastRun().fail(new Error('first'));
    expect(harness.lastRun().sequence).toBe(2);
    await harness.lastRun().succeed();
    await harness.clock.advance(500);
    expect(harness.lastRun().sequence).toBe(1);
  });
});

describe('maxDeliveries', () => {
  const options = { maxDeliveries: 2, deadLetter: { subject: 'orders:dead' } };

  it('dead-letters with original bytes, cause and count, and acks only then', async () => {
    const harness = new PipelineHarness(options);
    await harness.arrive(1, { data: '{"price":1}' });
    await harness.lastRun().fail(new Error('no'));
    expect(harness.deadLetters).toEqual([]);
    const second = await harness.arrive(1, { data: '{"price":1}', redeliveryCount: 1 });
    await harness.lastRun().fail(new TypeError('still no'));
    expect(second.acks).toBe(1);
    const [letter] = harness.deadLetters;
    expect(letter).toMatchObject({
      version: 1,
      subject: 'ticket:created',
      sequence: 1,
      deliveries: 2,
      error: { name: 'TypeError', message: 'still no' },
      handler: 'Tickets.created',
      service: 'orders',
      clientId: 'orders-0',
    });
    expect(letter!.timestamp).toBe('2023-11-14T22:13:20.001Z');
    expect(decodePayload(letter!.payload).toString()).toBe('{"price":1}');
    expect(harness.eventsOf('deadLettered')).toMatchObject([{ deadLetterSubject: 'orders:dead', deliveries: 2 }]);
  });

  it('leaves the original in place when the dead letter cannot be stored, and tries again', async () => {
    const harness = new PipelineHarness({ ...options, maxDeliveries: 1 });
    harness.deadLetterFailure = new Error('disk full');
    const first = await harness.arrive(1);
    await harness.lastRun().fail(new Error('no'));
    expect(first.acks).toBe(0);
    expect(harness.eventsOf('deadLetterFailed')).toMatchObject([{ error: { code: 'STAN_DEAD_LETTER_FAILED' } }]);
    harness.deadLetterFailure = undefined;
    const second = await harness.arrive(1, { redeliveryCount: 1 });
    await harness.lastRun().fail(new Error('no'));
    expect(second.acks).toBe(1);
    expect(harness.deadLetters).toHaveLength(1);
  });

  it('without a dead-letter subject ends the tries here and never acks', async () => {
    const harness = new PipelineHarness({ maxDeliveries: 1 });
    await harness.arrive(1);
    await harness.lastRun().fail(new Error('no'));
    const again = await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.runs).toHaveLength(1);
    expect(again.acks).toBe(0);
    expect(harness.eventsOf('handlerError')).toMatchObject([{ next: 'givenUp' }]);
  });

  it('counts on where the server forgot its count in a restart', async () => {
    const harness = new PipelineHarness(options);
    await harness.arrive(1);
    await harness.lastRun().fail(new Error('no'));
    await harness.arrive(1, { redeliveryCount: 0 });
    await harness.lastRun().fail(new Error('no'));
    expect(harness.deadLetters).toMatchObject([{ deliveries: 2 }]);
  });
});

describe('a failure that no try can mend', () => {
  it('goes to the dead-letter subject at once, whatever retry says', async () => {
    const harness = new PipelineHarness({ retry: {}, maxDeliveries: 9, deadLetter: { subject: 'orders:dead' } });
    const message = await harness.arrive(1);
    await harness.lastRun().fail(new FinalFailure('no such ticket type'));
    expect(message.acks).toBe(1);
    expect(harness.deadLetters).toMatchObject([{ deliveries: 1, error: { message: 'no such ticket type' } }]);
  });

  it('without a dead-letter subject is left, and the others go on', async () => {
    const harness = new PipelineHarness({ concurrency: 1 });
    const poison = await harness.arrive(1);
    await harness.lastRun().fail(new FinalFailure('poison'));
    const next = await harness.arrive(2);
    await harness.lastRun().succeed();
    await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.runs).toHaveLength(2);
    expect([poison.acks, next.acks]).toEqual([0, 1]);
  });
});

describe('a handler that asks for a later try', () => {
  it('runs again here after the delay where ack wait allows it', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    await harness.arrive(1);
    await harness.lastRun().fail(new LaterFailure(2_000));
    await harness.clock.advance(1_999);
    expect(harness.runs).toHaveLength(1);
    await harness.clock.advance(1);
    expect(harness.runs).toHaveLength(2);
  });

  it('holds a redelivery that comes too early until the delay is over', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    await harness.arrive(1);
    await harness.lastRun().fail(new LaterFailure(8_000));
    await harness.clock.advance(ackWaitMs);
    await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.runs).toHaveLength(1);
    await harness.clock.advance(3_000);
    expect(harness.runs).toHaveLength(2);
  });

  it('passes over redeliveries that could not wait so long', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    await harness.arrive(1);
    await harness.lastRun().fail(new LaterFailure(20_000));
    await harness.clock.advance(ackWaitMs);
    await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.clock.pendingCount()).toBe(0);
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'tooEarly' }]);
  });
});

describe('bytes that cannot be decoded', () => {
  it('never reach the handler and go to the dead-letter subject where there is one', async () => {
    const harness = new PipelineHarness({ deadLetter: { subject: 'orders:dead' } });
    const message = await harness.arrive(1, { data: '{broken' });
    expect(harness.runs).toEqual([]);
    expect(message.acks).toBe(1);
    expect(decodePayload(harness.deadLetters[0]!.payload).toString()).toBe('{broken');
    expect(harness.deadLetters[0]!.error.name).toBe('UndecodablePayloadError');
  });

  it('are acked under the policy ack and left under the policy leave, and the next event flows', async () => {
    for (const [onUndecodable, acks] of [
      ['ack', 1],
      ['leave', 0],
    ] as const) {
      const harness = new PipelineHarness({ onUndecodable, concurrency: 1 });
      const broken = await harness.arrive(1, { data: 'not json' });
      const next = await harness.arrive(2, { data: '"fine"' });
      await harness.lastRun().succeed();
      expect([broken.acks, next.acks]).toEqual([acks, 1]);
      expect(harness.eventsOf('undecodable')).toMatchObject([{ policy: onUndecodable, sequence: 1 }]);
    }
  });
});

describe('ack mode manual', () => {
  it('acks when the handler says so, once, and not when it ends', async () => {
    const harness = new PipelineHarness({ ackMode: 'manual' });
    const message = await harness.arrive(1);
    harness.lastRun().delivery.ack();
    harness.lastRun().delivery.ack();
    expect(message.acks).toBe(1);
    await harness.lastRun().succeed();
    const forgotten = await harness.arrive(2);
    await harness.lastRun().succeed();
    expect([message.acks, forgotten.acks]).toEqual([1, 0]);
  });

  it('honours an ack that comes after the handler has ended', async () => {
    const harness = new PipelineHarness({ ackMode: 'manual' });
    const message = await harness.arrive(1);
    const { delivery } = harness.lastRun();
    await harness.lastRun().succeed();
    delivery.ack();
    expect(message.acks).toBe(1);
    await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.runs).toHaveLength(1);
  });

  it('runs the handler again for an event that was never acked', async () => {
    const harness = new PipelineHarness({ ackMode: 'manual' });
    await harness.arrive(1);
    await harness.lastRun().succeed();
    await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.runs).toHaveLength(2);
  });

  it('reports a failure after the ack as lost', async () => {
    const harness = new PipelineHarness({ ackMode: 'manual' });
    await harness.arrive(1);
    harness.lastRun().delivery.ack();
    await harness.lastRun().fail(new Error('too late'));
    expect(harness.eventsOf('handlerError')).toMatchObject([{ next: 'lost' }]);
  });
});

describe('ack mode onDelivery', () => {
  it('acks nothing itself, starts everything, and reports failures as lost', async () => {
    const harness = new PipelineHarness({ ackMode: 'onDelivery', concurrency: 1, ackWaitMs });
    const first = await harness.arrive(1);
    await harness.arrive(2);
    await harness.clock.advance(ackWaitMs * 2);
    await harness.lastRun().fail(new Error('gone'));
    expect(harness.lastRun().sequence).toBe(2);
    await harness.lastRun().succeed();
    expect(first.acks).toBe(0);
    expect(harness.eventsOf('handlerError')).toMatchObject([{ next: 'lost' }]);
  });
});

describe('stopping', () => {
  it('starts nothing new and is idle when the last running handler has finished and acked', async () => {
    const harness = new PipelineHarness({ concurrency: 1, retry: { delayMs: 100 } });
    const running = await harness.arrive(1);
    const waiting = await harness.arrive(2);
    harness.pipeline.stop();
    let idle = false;
    const whenIdle = harness.pipeline.whenIdle().then(() => (idle = true));
    const late = await harness.arrive(3);
    expect(idle).toBe(false);
    await harness.lastRun().succeed();
    await whenIdle;
    expect(harness.runs).toHaveLength(1);
    expect([running.acks, waiting.acks, late.acks]).toEqual([1, 0, 0]);
  });

  it('cancels tries that wait for their time, so that no timer keeps the process alive', async () => {
    const harness = new PipelineHarness({ retry: { delayMs: 100 } });
    await harness.arrive(1);
    await harness.lastRun().fail(new Error('no'));
    expect(harness.clock.pendingCount()).toBe(1);
    harness.pipeline.stop();
    expect(harness.clock.pendingCount()).toBe(0);
  });

  it('tries nothing again here', async () => {
    const harness = new PipelineHarness({ retry: { delayMs: 100 } });
    await harness.arrive(1);
    harness.pipeline.stop();
    await harness.lastRun().fail(new Error('no'));
    expect(harness.clock.pendingCount()).toBe(0);
    expect(harness.eventsOf('handlerError')).toMatchObject([{ next: 'redelivery' }]);
  });

  it('tries nothing again of what fails as it stops, so that no timer keeps the process alive', async () => {
    const harness = new PipelineHarness({ retry: { delayMs: 100 } });
    harness.onEvent = () => harness.pipeline.stop();
    await harness.arrive(1);
    await harness.lastRun().fail(new Error('no'));
    await harness.pipeline.whenIdle();
    expect(harness.clock.pendingCount()).toBe(0);
  });

  it('acks through the newest session what comes again while its handler finishes', async () => {
    const harness = new PipelineHarness();
    let firstSessionLives = true;
    await harness.arrive(1, { isReachable: () => firstSessionLives });
    harness.pipeline.stop();
    firstSessionLives = false;
    const again = await harness.arrive(1, { redeliveryCount: 1 });
    await harness.lastRun().succeed();
    expect([harness.runs.length, again.acks]).toEqual([1, 1]);
  });

  it('still acks again what was handled before', async () => {
    const harness = new PipelineHarness();
    await harness.arrive(1);
    await harness.lastRun().succeed();
    harness.pipeline.stop();
    const again = await harness.arrive(1, { redeliveryCount: 1 });
    expect([harness.runs.length, again.acks]).toEqual([1, 1]);
  });

  it('still handles what was acked on arrival, since it never comes again', async () => {
    const harness = new PipelineHarness({ ackMode: 'onDelivery', concurrency: 1 });
    await harness.arrive(1);
    await harness.arrive(2);
    harness.pipeline.stop();
    const whenIdle = harness.pipeline.whenIdle();
    await harness.lastRun().succeed();
    await harness.lastRun().succeed();
    await whenIdle;
    await settled();
    expect(harness.runs).toHaveLength(2);
  });
});
