import { describe, expect, it } from 'vitest';

import { decodePayload } from '../../../../lib/core/dead-letters/dead-letter.js';
import type { DeadLetter } from '../../../../lib/core/dead-letters/dead-letter.js';
import {
  InvalidPayloadError,
  PayloadTooLargeError,
  UndecodablePayloadError,
} from '../../../../lib/core/errors/index.js';
import { DecodedEvent } from '../../../../lib/core/wire/index.js';
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

describe('a delivery of an event that runs already', () => {
  it('counts as one that has failed when the handler fails', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    await harness.arrive(1);
    await harness.arrive(1, { redeliveryCount: 1 });
    await harness.lastRun().fail(new Error('slow and wrong'));
    expect(harness.eventsOf('handlerError')).toMatchObject([{ deliveries: 2 }]);
  });

  it('is acked at once where the handler has acked by itself', async () => {
    const harness = new PipelineHarness({ ackMode: 'manual' });
    const first = await harness.arrive(1);
    harness.lastRun().delivery.ack();
    const again = await harness.arrive(1, { redeliveryCount: 1 });
    expect([first.acks, again.acks]).toEqual([1, 1]);
    expect(harness.runs).toHaveLength(1);
  });

  it('is another event where a server that started over has given its sequence to one', async () => {
    const harness = new PipelineHarness();
    const first = await harness.arrive(1, { timestampNs: 1_000, data: '"old"' });
    const second = await harness.arrive(1, { timestampNs: 2_000, data: '"new"' });
    expect(harness.runs.map(({ data }) => data)).toEqual(['old', 'new']);
    await harness.runs[0]!.succeed();
    expect([first.acks, second.acks]).toEqual([1, 0]);
    const again = await harness.arrive(1, { timestampNs: 2_000, data: '"new"', redeliveryCount: 1 });
    await harness.runs[1]!.succeed();
    expect([harness.runs.length, first.acks, again.acks]).toEqual([2, 1, 1]);
  });
});

describe('how long an event waited and took', () => {
  it('is told of one that was handled, where somebody listens', async () => {
    const harness = new PipelineHarness({ concurrency: 1, ackWaitMs });
    harness.hasListeners = true;
    await harness.arrive(1);
    await harness.clock.advance(100);
    await harness.arrive(2);
    await harness.clock.advance(200);
    await harness.lastRun().succeed();
    await harness.clock.advance(50);
    await harness.lastRun().succeed();
    expect(harness.eventsOf('handled')).toMatchObject([
      { sequence: 1, subject: 'ticket:created', handler: 'Tickets.created', waitedMs: 0, tookMs: 300 },
      { sequence: 2, waitedMs: 200, tookMs: 50, deliveries: 1, tries: 1, isAcked: true },
    ]);
  });

  it('is told of one that failed too, where somebody listens, and of none where nobody does', async () => {
    for (const hasListeners of [true, false]) {
      const harness = new PipelineHarness({ ackWaitMs });
      harness.hasListeners = hasListeners;
      await harness.arrive(1);
      await harness.clock.advance(70);
      await harness.lastRun().fail(new Error('no'));
      const [told] = harness.eventsOf('handlerError');
      expect([told?.waitedMs, told?.tookMs]).toEqual(hasListeners ? [0, 70] : [undefined, undefined]);
      await harness.arrive(1, { redeliveryCount: 1 });
      await harness.lastRun().succeed();
      expect(harness.eventsOf('handled')).toHaveLength(hasListeners ? 1 : 0);
    }
  });

  it('is never a wait below zero, also where the event came again after its start', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    harness.hasListeners = true;
    await harness.arrive(1);
    await harness.clock.advance(100);
    await harness.arrive(1, { redeliveryCount: 1 });
    await harness.lastRun().succeed();
    expect(harness.eventsOf('handled')).toMatchObject([{ waitedMs: 0, tookMs: 100, deliveries: 2 }]);
  });

  it('is told without an ack where a handler that acks by itself has not', async () => {
    const harness = new PipelineHarness({ ackMode: 'manual' });
    harness.hasListeners = true;
    for (const sequence of [1, 2]) await harness.arrive(sequence);
    harness.runs[1]!.delivery.ack();
    for (const run of harness.runs) await run.succeed();
    expect(harness.eventsOf('handled')).toMatchObject([{ isAcked: false }, { isAcked: true }]);
  });
});

describe('what a deserializer returns', () => {
  const headers = new Map([['tenant', 'a']]);

  it.each<[string, () => unknown]>([
    ['data with headers', () => new DecodedEvent({ id: 7 }, headers)],
    ['a promise of data with headers', async () => new DecodedEvent({ id: 7 }, headers)],
  ])("is what the handler gets, and its headers are the delivery's: %s", async (_what, decode) => {
    const harness = new PipelineHarness();
    harness.decode = decode;
    await harness.arrive(1);
    expect(harness.lastRun().data).toEqual({ id: 7 });
    expect(harness.lastRun().delivery.headers).toBe(headers);
  });

  it('is awaited, and its rejection are bytes that cannot be read', async () => {
    const harness = new PipelineHarness({ onUndecodable: 'leave' });
    harness.decode = async (bytes) => JSON.parse(bytes.toString()) as unknown;
    await harness.arrive(1, { data: '"fine"' });
    await harness.arrive(2, { data: '{broken' });
    expect(harness.runs.map(({ data }) => data)).toEqual(['fine']);
    expect(harness.lastRun().delivery.headers).toBeUndefined();
    expect(harness.eventsOf('undecodable')).toMatchObject([{ sequence: 2 }]);
  });
});

describe('what is told of an event', () => {
  it('names its trace where it is known, and has no such field otherwise', async () => {
    const harness = new PipelineHarness();
    harness.traceId = '4bf92f35';
    await harness.arrive(1);
    await harness.lastRun().fail(new Error('no'));
    harness.traceId = undefined;
    await harness.arrive(2);
    await harness.lastRun().fail(new Error('no'));
    const [known, unknown] = harness.eventsOf('handlerError');
    expect(known).toMatchObject({ traceId: '4bf92f35', subject: 'ticket:created', handler: 'Tickets.created' });
    expect(unknown).not.toHaveProperty('traceId');
  });

  it('is nothing where the handler need not run', async () => {
    const harness = new PipelineHarness();
    harness.hasListeners = true;
    const message = await harness.arrive(1);
    await harness.lastRun().succeed('skipped');
    expect(message.acks).toBe(1);
    expect(harness.events).toEqual([]);
  });

  it('is the reason of each delivery that is not handed on, with its count', async () => {
    const harness = new PipelineHarness({ concurrency: 1, ackWaitMs });
    await harness.arrive(1);
    await harness.arrive(2);
    await harness.arrive(2, { redeliveryCount: 3 });
    expect(harness.eventsOf('ackWaitNear')).toEqual([]);
    await harness.arrive(1, { redeliveryCount: 1 });
    const skipped = harness.eventsOf('deliverySkipped');
    expect(skipped).toMatchObject([
      { sequence: 2, reason: 'waiting', deliveries: 4 },
      { sequence: 1, reason: 'running', deliveries: 2 },
    ]);
    for (const event of skipped) expect(event).not.toHaveProperty('error');
    expect(harness.eventsOf('ackWaitNear')).toMatchObject([{ sequence: 1 }]);
  });

  it('is the error of one that was given up, each time it comes again', async () => {
    const harness = new PipelineHarness();
    const error = new FinalFailure('no such ticket');
    await harness.arrive(1);
    await harness.lastRun().fail(error);
    await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'givenUp', error, deliveries: 2 }]);
  });

  it('is that it came too early where its wait is as long as ack wait', async () => {
    const harness = new PipelineHarness({ ackWaitMs });
    await harness.arrive(1);
    await harness.lastRun().fail(new LaterFailure(ackWaitMs));
    await harness.arrive(1, { redeliveryCount: 1 });
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'tooEarly' }]);
    await harness.clock.advance(1);
    await harness.arrive(1, { redeliveryCount: 2 });
    expect(harness.clock.pendingCount()).toBe(1);
    await harness.clock.advance(ackWaitMs);
    expect(harness.runs).toHaveLength(2);
  });
});

describe('an event that waits for its next try and then for a free place', () => {
  it('has not failed by a delivery that comes meanwhile', async () => {
    const harness = new PipelineHarness({ concurrency: 1, ackWaitMs });
    await harness.arrive(1);
    await harness.lastRun().fail(new LaterFailure(1_000));
    await harness.arrive(2);
    await harness.clock.advance(1_000);
    expect(harness.pipeline.waitingCount()).toBe(1);
    await harness.arrive(1, { redeliveryCount: 1 });
    await harness.lastRun().succeed();
    expect(harness.lastRun().sequence).toBe(1);
    await harness.lastRun().fail(new Error('for good'));
    expect(harness.eventsOf('handlerError').at(-1)).toMatchObject({ deliveries: 1, tries: 2 });
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

describe('the policy for bytes that cannot be read', () => {
  const deadLetter = { subject: 'orders:dead' };

  it('leave: gives the event up, and tells why when it comes again', async () => {
    const harness = new PipelineHarness({ onUndecodable: 'leave', deadLetter });
    await harness.arrive(1, { data: '{broken' });
    const again = await harness.arrive(1, { data: '{broken', redeliveryCount: 1 });
    const [told] = harness.eventsOf('undecodable');
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'givenUp', error: told?.error }]);
    expect(harness.eventsOf('undecodable')).toHaveLength(1);
    expect([again.acks, harness.deadLetters.length]).toEqual([0, 0]);
  });

  it('ack: stores no dead letter', async () => {
    const harness = new PipelineHarness({ onUndecodable: 'ack', deadLetter });
    const message = await harness.arrive(1, { data: '{broken' });
    expect([message.acks, harness.deadLetters.length]).toEqual([1, 0]);
  });

  it('deadLetter: tries again, with its count, where the letter cannot be stored', async () => {
    const harness = new PipelineHarness({ onUndecodable: 'deadLetter', deadLetter });
    harness.deadLetterFailure = new Error('disk full');
    const first = await harness.arrive(1, { data: '{broken' });
    const [failed] = harness.eventsOf('deadLetterFailed');
    expect(failed?.error.cause).toBe(harness.deadLetterFailure);
    harness.deadLetterFailure = undefined;
    const second = await harness.arrive(1, { data: '{broken' });
    expect([first.acks, second.acks]).toEqual([0, 1]);
    expect(harness.deadLetters).toMatchObject([{ deliveries: 2 }]);
  });

  it('is told with the error of the deserializer: its own where it is of that kind, else as the cause', async () => {
    const own = new UndecodablePayloadError('ticket:created', 1);
    const invalid = new InvalidPayloadError({
      subject: 'ticket:created',
      direction: 'receive',
      sequence: 1,
      issues: [],
    });
    const other = new RangeError('an unknown schema');
    for (const thrown of [own, invalid, other]) {
      const harness = new PipelineHarness();
      harness.decode = () => {
        throw thrown;
      };
      await harness.arrive(1);
      const [told] = harness.eventsOf('undecodable');
      if (thrown === other) expect(told?.error).toMatchObject({ code: 'STAN_UNDECODABLE_PAYLOAD', cause: other });
      else expect(told?.error).toBe(thrown);
    }
  });
});

describe('a dead letter that is too large', () => {
  it('is stored with a short description of the error, once', async () => {
    const harness = new PipelineHarness({ maxDeliveries: 1, deadLetter: { subject: 'orders:dead' } });
    const offered: DeadLetter[] = [];
    harness.onDeadLetter = (letter) => {
      offered.push(letter);
      if (offered.length === 1) throw new PayloadTooLargeError('orders:dead', 2_000, 1_000);
    };
    const message = await harness.arrive(1);
    await harness.lastRun().fail(new Error('x'.repeat(1_000)));
    expect(offered).toHaveLength(2);
    expect(harness.deadLetters).toEqual([offered[1]]);
    expect(offered[0]?.error).toHaveProperty('stack');
    expect(offered[1]?.error).not.toHaveProperty('stack');
    expect(offered[1]).toMatchObject({ subject: 'ticket:created', sequence: 1, payload: offered[0]?.payload });
    expect(offered[1]?.error.message.length).toBeLessThan(200);
    expect(message.acks).toBe(1);
  });

  it('is offered once where the store fails in another way', async () => {
    const harness = new PipelineHarness({ maxDeliveries: 1, deadLetter: { subject: 'orders:dead' } });
    let offered = 0;
    harness.onDeadLetter = () => {
      offered += 1;
      throw new Error('disk full');
    };
    await harness.arrive(1);
    await harness.lastRun().fail(new Error('no'));
    expect(offered).toBe(1);
    expect(harness.eventsOf('deadLetterFailed')).toHaveLength(1);
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
    await harness.arrive(1, { redeliveryCount: 2 });
    harness.lastRun().delivery.ack();
    await harness.lastRun().fail(new Error('too late'));
    expect(harness.eventsOf('handlerError')).toMatchObject([{ next: 'lost', deliveries: 3 }]);
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

describe('a handler that comes near its ack wait', () => {
  it('is told from four fifths of it on, counted from the arrival, once', async () => {
    const harness = new PipelineHarness({ concurrency: 1, ackWaitMs });
    await harness.arrive(1);
    await harness.clock.advance(4_000);
    await harness.lastRun().succeed();
    expect(harness.eventsOf('ackWaitNear')).toEqual([]);
    await harness.arrive(2);
    await harness.arrive(3);
    await harness.clock.advance(2_000.4);
    await harness.lastRun().succeed();
    await harness.clock.advance(2_000.4);
    await harness.lastRun().succeed();
    expect(harness.eventsOf('ackWaitNear')).toMatchObject([
      { sequence: 3, subject: 'ticket:created', handler: 'Tickets.created', tookMs: 4_001, ackWaitMs },
    ]);
    await harness.arrive(4);
    await harness.clock.advance(4_500);
    await harness.lastRun().succeed();
    expect(harness.eventsOf('ackWaitNear')).toHaveLength(1);
  });

  it('is of no interest where the client acks on arrival', async () => {
    const harness = new PipelineHarness({ ackMode: 'onDelivery', ackWaitMs });
    await harness.arrive(1);
    await harness.clock.advance(2 * ackWaitMs);
    await harness.lastRun().succeed();
    expect(harness.eventsOf('ackWaitNear')).toEqual([]);
  });
});

describe('a listener that throws', () => {
  it('keeps nothing from being settled', async () => {
    const harness = new PipelineHarness({ maxDeliveries: 1, deadLetter: { subject: 'dead' } });
    harness.hasListeners = true;
    harness.onEvent = () => {
      throw new Error('a bad listener');
    };
    const handled = await harness.arrive(1);
    await harness.lastRun().succeed();
    const failed = await harness.arrive(2);
    await harness.lastRun().fail(new Error('no'));
    expect([handled.acks, failed.acks]).toEqual([1, 1]);
    expect(harness.events.map(({ type }) => type)).toEqual(['handled', 'handlerError', 'deadLettered']);
    expect(harness.pipeline.runningCount()).toBe(0);
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

  it('starts nothing that comes afterwards, also where places are free', async () => {
    const harness = new PipelineHarness({ concurrency: 2 });
    harness.pipeline.stop();
    const late = await harness.arrive(1);
    expect([harness.runs.length, harness.pipeline.waitingCount(), late.acks]).toEqual([0, 0, 0]);
    await harness.pipeline.whenIdle();
  });

  it('may be awaited several times, at once and one after the other', async () => {
    const harness = new PipelineHarness();
    for (const sequence of [1, 2]) {
      await harness.arrive(sequence);
      const idle = [harness.pipeline.whenIdle(), harness.pipeline.whenIdle()];
      await harness.lastRun().succeed();
      await Promise.all(idle);
    }
    expect(harness.pipeline.runningCount()).toBe(0);
    expect(harness.pipeline.laneCount()).toBe(0);
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
