import { describe, expect, it } from 'vitest';

import type { StanSubscriptionOptions } from '../../../../lib/core/options/index.js';
import { decodeJson } from '../../../../lib/core/wire/index.js';
import { FinalFailure, LaterFailure, PipelineHarness } from '../../../support/pipeline-harness.js';
import type { ArrivalOptions } from '../../../support/pipeline-harness.js';
import { latch } from '../../../support/wait.js';

const ackWaitMs = 5_000;
const lane = (event: { readonly id?: string }) => event.id;

/** A pipeline with lanes by the id of the payload. */
class Lanes extends PipelineHarness {
  constructor(options: StanSubscriptionOptions = {}) {
    super({ ackWaitMs, lane, ...options });
  }

  send(sequence: number, id: string, options: ArrivalOptions = {}) {
    return this.arrive(sequence, { data: JSON.stringify({ id }), ...options });
  }

  again(sequence: number, id: string) {
    return this.send(sequence, id, { redeliveryCount: 1 });
  }

  started(): number[] {
    return this.runs.map(({ sequence }) => sequence);
  }

  run(sequence: number) {
    const run = this.runs.findLast((each) => each.sequence === sequence);
    if (run === undefined) throw new Error(`event ${String(sequence)} has not run`);
    return run;
  }

  /** What is left of lanes and timers. */
  left() {
    const { pipeline, clock } = this;
    return { lanes: pipeline.laneCount(), waiting: pipeline.waitingCount(), timers: clock.pendingCount() };
  }
}

const nothing = { lanes: 0, waiting: 0, timers: 0 };

describe('a lane', () => {
  it('runs the events of one key one at a time, in order, and other keys beside them', async () => {
    const harness = new Lanes();
    for (const [sequence, id] of [...'aabab'].entries()) await harness.send(sequence + 1, id);
    expect(harness.started()).toEqual([1, 3]);
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1, 3, 2]);
    await harness.run(3).succeed();
    await harness.run(2).succeed();
    expect(harness.started()).toEqual([1, 3, 2, 5, 4]);
    await harness.run(5).succeed();
    await harness.run(4).succeed();
    expect(harness.left()).toEqual(nothing);
  });

  it('holds no place in concurrency while it waits for its turn', async () => {
    const harness = new Lanes({ concurrency: 2 });
    for (const [sequence, id] of [...'aaaab'].entries()) await harness.send(sequence + 1, id);
    expect(harness.started()).toEqual([1, 5]);
    expect(harness.pipeline.runningCount()).toBe(2);
    expect(harness.pipeline.waitingCount()).toBe(3);
  });

  it('shares concurrency with other lanes', async () => {
    const harness = new Lanes({ concurrency: 1 });
    for (const [sequence, id] of [...'abc'].entries()) await harness.send(sequence + 1, id);
    expect(harness.started()).toEqual([1]);
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1, 2]);
  });

  it('is none for an event whose key is undefined', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 2]) await harness.arrive(sequence, { data: '{}' });
    expect(harness.started()).toEqual([1, 2]);
    expect(harness.pipeline.laneCount()).toBe(0);
  });

  it('goes on when a handler acks by itself only once that handler has ended', async () => {
    const harness = new Lanes({ ackMode: 'manual' });
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    harness.run(1).delivery.ack();
    expect(harness.started()).toEqual([1]);
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1, 2]);
  });

  it('goes on by an ack that comes after the handler has ended', async () => {
    const harness = new Lanes({ ackMode: 'manual' });
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1]);
    harness.run(1).delivery.ack();
    expect(harness.started()).toEqual([1, 2]);
    await harness.run(2).succeed();
    harness.run(2).delivery.ack();
    expect(harness.left()).toEqual(nothing);
  });

  it('orders events that are acked on arrival, and handles all of them before a stop', async () => {
    const harness = new Lanes({ ackMode: 'onDelivery' });
    for (const sequence of [1, 2, 3]) await harness.send(sequence, 'a');
    harness.pipeline.stop();
    let isIdle = false;
    void harness.pipeline.whenIdle().then(() => (isIdle = true));
    await harness.run(1).succeed();
    await harness.run(2).fail(new Error('lost'));
    expect(isIdle).toBe(false);
    await harness.run(3).succeed();
    expect(harness.started()).toEqual([1, 2, 3]);
    expect(isIdle).toBe(true);
    expect(harness.left()).toEqual(nothing);
  });
});

describe('a failing event', () => {
  it('keeps its lane through its retries here', async () => {
    const harness = new Lanes({ retry: { attempts: 2, delayMs: 100, jitter: 0 } });
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.send(3, 'b');
    await harness.run(1).fail(new Error('once'));
    expect(harness.started()).toEqual([1, 3]);
    await harness.clock.advance(100);
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1, 3, 1, 2]);
  });

  it('keeps its lane until its redelivery has been handled; those behind it are renewed and do not expire', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 2, 3]) await harness.send(sequence, 'a');
    await harness.run(1).fail(new Error('once'));
    for (let round = 0; round < 3; round += 1) {
      await harness.clock.advance(ackWaitMs);
      for (const sequence of [1, 2, 3]) await harness.again(sequence, 'a');
      expect(harness.started().at(-1)).toBe(1);
      if (round < 2) await harness.run(1).fail(new Error('again'));
    }
    await harness.run(1).succeed();
    await harness.run(2).succeed();
    await harness.run(3).succeed();
    expect(harness.started()).toEqual([1, 1, 1, 1, 2, 3]);
    expect(harness.eventsOf('deliverySkipped').filter(({ reason }) => reason === 'expired')).toEqual([]);
    expect(harness.left()).toEqual(nothing);
  });

  it('keeps its lane for as long as RetryLaterException asks for', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.run(1).fail(new LaterFailure(6 * ackWaitMs));
    for (let round = 1; round < 6; round += 1) {
      await harness.clock.advance(ackWaitMs);
      for (const sequence of [1, 2]) await harness.again(sequence, 'a');
    }
    expect(harness.started()).toEqual([1]);
    await harness.clock.advance(ackWaitMs);
    for (const sequence of [1, 2]) await harness.again(sequence, 'a');
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1, 1, 2]);
  });

  it('has not failed by the deliveries in which it waited for its turn', async () => {
    const harness = new Lanes({ maxDeliveries: 2, deadLetter: { subject: 'dead' } });
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    for (let round = 1; round <= 3; round += 1) {
      await harness.clock.advance(ackWaitMs);
      for (const sequence of [1, 2]) await harness.send(sequence, 'a', { redeliveryCount: round });
    }
    await harness.run(1).succeed();
    await harness.run(2).fail(new Error('for the first time'));
    expect(harness.eventsOf('handlerError')).toMatchObject([{ deliveries: 1, next: 'redelivery' }]);
    await harness.clock.advance(ackWaitMs);
    await harness.send(2, 'a', { redeliveryCount: 4 });
    await harness.run(2).fail(new Error('for the second time'));
    expect(harness.eventsOf('handlerError')).toMatchObject([{}, { deliveries: 2, next: 'deadLetter' }]);
  });

  it('leaves its lane when it is dead-lettered', async () => {
    const harness = new Lanes({ deadLetter: { subject: 'dead' } });
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.run(1).fail(new FinalFailure());
    expect(harness.started()).toEqual([1, 2]);
  });

  it('leaves its lane when it is given up, and keeps it while it cannot be dead-lettered', async () => {
    const given = new Lanes();
    for (const sequence of [1, 2]) await given.send(sequence, 'a');
    await given.run(1).fail(new FinalFailure());
    expect(given.started()).toEqual([1, 2]);

    const kept = new Lanes({ deadLetter: { subject: 'dead' } });
    kept.deadLetterFailure = new Error('the server is away');
    for (const sequence of [1, 2]) await kept.send(sequence, 'a');
    await kept.run(1).fail(new FinalFailure());
    expect(kept.started()).toEqual([1]);
  });

  it('gives its lane up after two ack waits in which the server did not send it again', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.run(1).fail(new Error('once'));
    await harness.clock.advance(ackWaitMs);
    await harness.again(2, 'a');
    await harness.clock.advance(ackWaitMs - 1);
    expect(harness.started()).toEqual([1]);
    await harness.clock.advance(1);
    // Past its own ack wait by now: it starts when it comes again.
    await harness.again(2, 'a');
    expect(harness.started()).toEqual([1, 2]);
    await harness.run(2).succeed();
    expect(harness.left()).toEqual(nothing);
  });
});

describe('an event that was left for redelivery', () => {
  it('is held until its time when it comes too early, in its lane and without one', async () => {
    for (const id of ['a', undefined]) {
      const harness = new Lanes();
      const data = JSON.stringify({ id });
      await harness.arrive(1, { data });
      await harness.run(1).fail(new LaterFailure(8_000));
      await harness.clock.advance(ackWaitMs);
      await harness.arrive(1, { data, redeliveryCount: 1 });
      await harness.clock.advance(2_999);
      expect(harness.started()).toEqual([1]);
      await harness.clock.advance(1);
      expect(harness.started()).toEqual([1, 1]);
      await harness.run(1).succeed();
      expect(harness.left()).toEqual(nothing);
    }
  });

  it('does not start before it comes again when an earlier one that went first has ended', async () => {
    const harness = new Lanes();
    await harness.send(5, 'a');
    await harness.run(5).fail(new Error('once'));
    await harness.send(3, 'a');
    await harness.run(3).succeed();
    expect(harness.started()).toEqual([5, 3]);
    await harness.again(5, 'a');
    expect(harness.started()).toEqual([5, 3, 5]);
    await harness.run(5).succeed();
    expect(harness.left()).toEqual(nothing);
  });

  it('starts like a new one when it comes after its lane was given up', async () => {
    const harness = new Lanes();
    await harness.send(1, 'a');
    await harness.run(1).fail(new Error('once'));
    await harness.clock.advance(2 * ackWaitMs);
    expect(harness.left()).toEqual(nothing);
    await harness.again(1, 'a');
    expect(harness.started()).toEqual([1, 1]);
    await harness.run(1).succeed();
    expect(harness.left()).toEqual(nothing);
  });
});

describe('an event whose turn comes past its ack wait', () => {
  it('starts when the server sends it again, not before', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.clock.advance(ackWaitMs);
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1]);
    await harness.again(2, 'a');
    expect(harness.started()).toEqual([1, 2]);
    await harness.run(2).succeed();
    expect(harness.left()).toEqual(nothing);
  });

  it('is let go after another ack wait, since it went to somebody else', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.clock.advance(ackWaitMs);
    await harness.run(1).succeed();
    await harness.clock.advance(ackWaitMs / 2);
    await harness.send(3, 'a');
    await harness.clock.advance(ackWaitMs / 2 - 1);
    expect(harness.eventsOf('deliverySkipped')).toEqual([]);
    await harness.clock.advance(1);
    expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'expired', sequence: 2 }]);
    await harness.again(3, 'a');
    expect(harness.started()).toEqual([1, 3]);
  });

  it('lets an earlier one go first that comes meanwhile', async () => {
    const harness = new Lanes();
    for (const sequence of [2, 3]) await harness.send(sequence, 'a');
    await harness.clock.advance(ackWaitMs);
    await harness.run(2).succeed();
    await harness.again(1, 'a');
    expect(harness.started()).toEqual([2, 1]);
    await harness.clock.advance(ackWaitMs);
    await harness.again(3, 'a');
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([2, 1, 3]);
    expect(harness.eventsOf('deliverySkipped').filter(({ reason }) => reason === 'expired')).toEqual([]);
  });
});

describe('the order of a lane', () => {
  it('is the one in which the server stored its events, also on a server that lost its store', async () => {
    const harness = new Lanes();
    await harness.send(7, 'a', { timestampNs: 1_000 });
    await harness.send(9, 'a', { timestampNs: 3_000 });
    await harness.send(8, 'a', { timestampNs: 2_000 });
    await harness.send(1, 'a', { timestampNs: 9_000 });
    for (const sequence of [7, 8, 9, 1]) await harness.run(sequence).succeed();
    expect(harness.started()).toEqual([7, 8, 9, 1]);
  });

  it('goes by the sequence where events were stored at the same time', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 4, 2, 3]) await harness.send(sequence, 'a', { timestampNs: 1_000 });
    for (const sequence of [1, 2, 3, 4]) await harness.run(sequence).succeed();
    expect(harness.started()).toEqual([1, 2, 3, 4]);
  });

  it('lets nothing pass that runs: an earlier event that comes late waits for its end', async () => {
    const harness = new Lanes();
    await harness.send(5, 'a');
    for (const sequence of [3, 6, 4]) await harness.send(sequence, 'a');
    expect(harness.started()).toEqual([5]);
    for (const sequence of [5, 3, 4, 6]) await harness.run(sequence).succeed();
    expect(harness.started()).toEqual([5, 3, 4, 6]);
    expect(harness.left()).toEqual(nothing);
  });

  it('is kept by an earlier event that came while a later one waited to be sent again, and that one was given up', async () => {
    const harness = new Lanes();
    await harness.send(5, 'a');
    await harness.run(5).fail(new Error('once'));
    await harness.clock.advance(2 * ackWaitMs - 1);
    await harness.send(3, 'a');
    await harness.send(6, 'a');
    await harness.clock.advance(1);
    expect(harness.started()).toEqual([5, 3]);
    await harness.run(3).succeed();
    await harness.run(6).succeed();
    expect(harness.started()).toEqual([5, 3, 6]);
    expect(harness.left()).toEqual(nothing);
  });

  it('is kept where a deserializer takes longer for one event than for the next', async () => {
    const harness = new Lanes();
    const isFirstRead = latch();
    harness.decode = async (bytes) => {
      if (harness.started().length === 0 && bytes.toString().includes('first')) await isFirstRead.promise;
      return decodeJson(bytes);
    };
    await harness.arrive(1, { data: '{"id":"a","first":true}' });
    await harness.send(2, 'a');
    expect(harness.started()).toEqual([]);
    expect(harness.pipeline.waitingCount()).toBe(2);
    isFirstRead.open();
    await harness.clock.advance(0);
    expect(harness.started()).toEqual([1]);
    await harness.run(1).succeed();
    await harness.run(2).succeed();
    expect(harness.left()).toEqual(nothing);
  });

  it('is held up by a deserializer that does not answer for one ack wait, and no longer', async () => {
    const harness = new Lanes();
    const read = latch();
    harness.decode = (bytes) => (bytes.toString().includes('slow') ? read.promise : decodeJson(bytes));
    await harness.send(1, 'slow');
    await harness.clock.advance(ackWaitMs / 2);
    await harness.send(2, 'a');
    expect(harness.started()).toEqual([]);
    await harness.clock.advance(ackWaitMs / 2);
    expect(harness.started()).toEqual([2]);
  });
});

describe('a deserializer that takes its time', () => {
  /** Events whose reading ends when the test says so. */
  function slowly(options: StanSubscriptionOptions = {}) {
    const harness = new Lanes(options);
    const reads = new Map<string, () => void>();
    harness.decode = async (bytes) => {
      const { id, name } = decodeJson(bytes) as { id?: string; name: string };
      const read = latch();
      reads.set(name, () => read.open());
      await read.promise;
      return { id, name };
    };
    const send = (sequence: number, name: string, id?: string) =>
      harness.arrive(sequence, { data: JSON.stringify({ id, name }) });
    const finish = async (name: string) => {
      reads.get(name)?.();
      await harness.clock.advance(0);
    };
    return { harness, send, finish };
  }

  it('hands on in the order of arrival, whichever it has read first, again and again', async () => {
    const { harness, send, finish } = slowly();
    await send(1, 'one', 'a');
    await send(2, 'two', 'b');
    await finish('one');
    expect(harness.started()).toEqual([1]);
    await send(3, 'three', 'c');
    await finish('three');
    expect(harness.started()).toEqual([1]);
    await finish('two');
    expect(harness.started()).toEqual([1, 2, 3]);
    await send(4, 'four', 'd');
    await finish('four');
    expect(harness.started()).toEqual([1, 2, 3, 4]);
    for (const sequence of [1, 2, 3, 4]) await harness.run(sequence).succeed();
    expect(harness.left()).toEqual(nothing);
  });

  it('has its event handled as soon as it has read it, where the server has sent it again meanwhile', async () => {
    const { harness, send, finish } = slowly();
    await send(1, 'slow', 'a');
    await harness.clock.advance(ackWaitMs);
    await send(1, 'slow', 'a');
    await finish('slow');
    expect(harness.started()).toEqual([1]);
    await harness.run(1).succeed();
    expect(harness.left()).toEqual(nothing);
  });

  it('has its event left to the server where it took longer than ack wait, with a lane and without', async () => {
    for (const id of ['a', undefined]) {
      const { harness, send, finish } = slowly();
      await send(1, 'slow', id);
      await harness.clock.advance(ackWaitMs);
      await finish('slow');
      await harness.clock.advance(ackWaitMs);
      expect(harness.started()).toEqual([]);
      expect(harness.eventsOf('deliverySkipped')).toMatchObject([{ reason: 'expired', sequence: 1 }]);
      expect(harness.left()).toEqual(nothing);
    }
  });

  it('starts nothing and leaves no timer behind a stop, in time or too late', async () => {
    for (const waitMs of [0, ackWaitMs]) {
      const { harness, send, finish } = slowly();
      await send(1, 'slow', 'a');
      await harness.clock.advance(waitMs);
      harness.pipeline.stop();
      expect(harness.left()).toEqual(nothing);
      await finish('slow');
      expect(harness.started()).toEqual([]);
      expect(harness.left()).toEqual(nothing);
    }
  });

  it('keeps a stop waiting where the client has acked on arrival', async () => {
    const { harness, send, finish } = slowly({ ackMode: 'onDelivery' });
    await send(1, 'slow', 'a');
    harness.pipeline.stop();
    let isIdle = false;
    void harness.pipeline.whenIdle().then(() => (isIdle = true));
    await harness.clock.advance(0);
    expect(isIdle).toBe(false);
    await finish('slow');
    await harness.run(1).succeed();
    expect(isIdle).toBe(true);
  });
});

describe('the key of a lane', () => {
  it.each([
    [
      'a throw',
      () => {
        throw new Error('no id');
      },
      'a throw of no id',
    ],
    ['an empty string', () => '', '""'],
    ['a number', () => 7 as never, '7'],
    ['a promise', () => Promise.reject(new Error('nobody looks at it')) as never, 'a promise'],
    ['more than 200 characters', () => 'x'.repeat(201), ''],
    ['a NUL character', () => 'a\0b', ''],
    ['half of a surrogate pair', () => '\ud800', ''],
  ])('is unusable as %s: the handler does not run, and the event has failed', async (_what, unusable, received) => {
    const harness = new Lanes({ lane: unusable });
    await harness.send(1, 'a');
    expect(harness.runs).toEqual([]);
    const [failure] = harness.eventsOf('handlerError');
    expect(failure?.error).toMatchObject({ code: 'STAN_UNUSABLE_KEY', option: 'lane', sequence: 1 });
    expect((failure?.error as Error).message).toContain(received);
    expect((failure?.error as Error).message).toContain('without NUL, or undefined for no lane');
    expect(harness.left()).toEqual(nothing);
  });

  it('may have 200 characters', async () => {
    const harness = new Lanes({ lane: () => 'x'.repeat(200) });
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    expect(harness.started()).toEqual([1]);
    expect(harness.pipeline.laneCount()).toBe(1);
  });

  it('that the function cannot tell is told with what it has thrown', async () => {
    const cause = new Error('no id');
    const harness = new Lanes({
      lane: () => {
        throw cause;
      },
    });
    await harness.send(1, 'a');
    expect(harness.eventsOf('handlerError')).toMatchObject([{ error: { code: 'STAN_UNUSABLE_KEY', cause } }]);
  });

  it('is not asked for bytes that cannot be read: they go the way of onUndecodable', async () => {
    const harness = new Lanes({ onUndecodable: 'ack' });
    const message = await harness.arrive(1, { data: 'no JSON' });
    expect(harness.eventsOf('undecodable')).toHaveLength(1);
    expect(message.acks).toBe(1);
    expect(harness.left()).toEqual(nothing);
  });

  it('is asked for once per event; each run gets data of its own', async () => {
    let asked = 0;
    const harness = new Lanes({
      lane: ({ id }: { id: string }) => ((asked += 1), id),
      retry: { attempts: 2, delayMs: 1, jitter: 0 },
    });
    await harness.send(1, 'a');
    const first = harness.run(1).data as { id: string };
    first.id = 'changed by the handler';
    await harness.run(1).fail(new Error('once'));
    await harness.clock.advance(1);
    expect(harness.run(1).data).toEqual({ id: 'a' });
    await harness.run(1).fail(new Error('for the last time here'));
    await harness.clock.advance(ackWaitMs);
    await harness.again(1, 'a');
    expect(harness.started()).toEqual([1, 1, 1]);
    expect(asked).toBe(1);
  });
});

describe('a stop', () => {
  it('forgets the lanes and starts nothing of what waits in them', async () => {
    const harness = new Lanes();
    for (const sequence of [1, 2]) await harness.send(sequence, 'a');
    await harness.send(3, 'b');
    await harness.run(3).fail(new Error('left for redelivery'));
    harness.pipeline.stop();
    expect(harness.left()).toEqual(nothing);
    await harness.run(1).succeed();
    expect(harness.started()).toEqual([1, 3]);
    await harness.pipeline.whenIdle();
  });
});
