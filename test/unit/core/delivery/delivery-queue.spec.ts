import { describe, expect, it } from 'vitest';

import { DeliveryQueue } from '../../../../lib/core/delivery/delivery-queue.js';
import { Delivery } from '../../../../lib/core/delivery/delivery.js';
import { makeMessage } from '../../../support/pipeline-harness.js';

const deliveryOf = (sequence: number): Delivery => new Delivery(makeMessage(sequence), 0, () => undefined);

function queueOf(...sequences: number[]): DeliveryQueue {
  const queue = new DeliveryQueue();
  for (const sequence of sequences) queue.push(deliveryOf(sequence));
  return queue;
}

function takeAll(queue: DeliveryQueue): number[] {
  const taken: number[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next.message.sequence);
  return taken;
}

describe('the deliveries that wait for a free place', () => {
  it('come out in the order in which they went in, also where they come and go', () => {
    const queue = queueOf(1, 2, 3);
    expect(queue.take()?.message.sequence).toBe(1);
    queue.push(deliveryOf(4));
    expect(takeAll(queue)).toEqual([2, 3, 4]);
    queue.push(deliveryOf(5));
    queue.push(deliveryOf(6));
    expect(takeAll(queue)).toEqual([5, 6]);
  });

  it('are counted', () => {
    const queue = queueOf();
    const counts = () => [queue.count(), queue.isEmpty()];
    expect(counts()).toEqual([0, true]);
    expect(queue.take()).toBeUndefined();
    expect(counts()).toEqual([0, true]);
    queue.push(deliveryOf(1));
    queue.push(deliveryOf(2));
    expect(counts()).toEqual([2, false]);
    queue.take();
    expect(counts()).toEqual([1, false]);
    queue.take();
    expect(counts()).toEqual([0, true]);
  });

  it('are forgotten by clear, and the next ones begin anew', () => {
    const queue = queueOf(1, 2, 3);
    queue.clear();
    expect(queue.count()).toBe(0);
    queue.push(deliveryOf(4));
    expect(takeAll(queue)).toEqual([4]);
  });

  it('may wait again after they were taken or cleared', () => {
    const [one, two] = [deliveryOf(1), deliveryOf(2)];
    const queue = new DeliveryQueue();
    queue.push(one);
    queue.push(two);
    expect(queue.take()).toBe(one);
    queue.push(one);
    expect(takeAll(queue)).toEqual([2, 1]);
    queue.push(one);
    queue.push(two);
    queue.clear();
    queue.push(one);
    expect(takeAll(queue)).toEqual([1]);
  });
});
