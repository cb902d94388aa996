import type { PublishEntry } from './publish-entry.js';

/**
 * All publishes that are not settled, in the order of acceptance: first those that were sent at least once, then those
 * that wait for their first time. Adding, removing and finding the next to send take constant time.
 * @internal
 */
export class PublishQueue {
  private head: PublishEntry | undefined;
  private tail: PublishEntry | undefined;
  /** The first that was never sent. */
  private firstWaiting: PublishEntry | undefined;
  /** Where sending again goes on; `undefined` once all sent ones were looked at. */
  private resendCursor: PublishEntry | undefined;
  /** How many there are. */
  count = 0;
  /** How many of them were sent at least once. */
  sentCount = 0;

  get oldest(): PublishEntry | undefined {
    return this.head;
  }

  append(entry: PublishEntry): void {
    entry.previous = this.tail;
    if (this.tail === undefined) this.head = entry;
    else this.tail.next = entry;
    this.tail = entry;
    this.firstWaiting ??= entry;
    this.count += 1;
  }

  remove(entry: PublishEntry): void {
    const { previous, next } = entry;
    if (entry.attempts > 0) this.sentCount -= 1;
    if (this.firstWaiting === entry) this.firstWaiting = next;
    if (this.resendCursor === entry) this.resendCursor = next;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.tail = previous;
    else next.previous = previous;
    entry.previous = entry.next = undefined;
    this.count -= 1;
  }

  /** From now on {@link nextToResend} goes through all sent ones again, oldest first. */
  rewind(): void {
    this.resendCursor = this.head;
  }

  /** The oldest sent one that was not sent again in this stretch of connection. */
  nextToResend(epoch: number): PublishEntry | undefined {
    let entry = this.resendCursor;
    while (entry !== undefined && entry !== this.firstWaiting && entry.epoch === epoch) entry = entry.next;
    this.resendCursor = entry === this.firstWaiting ? undefined : entry;
    return this.resendCursor;
  }

  /** The oldest one that was never sent. */
  nextToSend(): PublishEntry | undefined {
    return this.firstWaiting;
  }

  /** Notes an attempt at an entry that was the next to send, or to send again. */
  markSent(entry: PublishEntry, epoch: number): void {
    if (entry === this.firstWaiting) {
      this.firstWaiting = entry.next;
      this.sentCount += 1;
    }
    entry.attempts += 1;
    entry.epoch = epoch;
  }
}
