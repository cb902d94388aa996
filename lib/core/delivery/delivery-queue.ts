import type { Delivery } from './delivery.js';

/** Below this many used places the array is not worth compacting. */
const compactFrom = 1_024;

/**
 * Deliveries that wait for a free place, first in, first out; taking one costs the same however many wait.
 * @internal
 */
export class DeliveryQueue {
  private items: (Delivery | undefined)[] = [];
  private head = 0;

  push(delivery: Delivery): void {
    this.items.push(delivery);
  }

  take(): Delivery | undefined {
    if (this.isEmpty()) return undefined;
    const delivery = this.items[this.head];
    this.items[this.head] = undefined;
    this.head += 1;
    if (this.isEmpty()) this.clear();
    else if (this.head >= compactFrom && this.head * 2 > this.items.length) this.compact();
    return delivery;
  }

  count(): number {
    return this.items.length - this.head;
  }

  isEmpty(): boolean {
    return this.head === this.items.length;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  private compact(): void {
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
}
