import type { Clock, ClockTimer } from '../clock.js';
import type { PublishEntry } from './publish-entry.js';
import type { PublishQueue } from './publish-queue.js';

/**
 * Has each entry of a queue expire at its deadline, with one timer for all: the deadlines are in the queue's order, since
 * every publish gets the same time.
 *
 * The timer keeps the process alive only while something is pending. That is bounded by the publish timeout, and without
 * it a process that has nothing else to do would end before its publishers were told.
 * @internal
 */
export class PublishDeadlines {
  private timer: ClockTimer | undefined;
  private isResting = false;

  constructor(
    private readonly clock: Clock,
    private readonly queue: PublishQueue,
    private readonly expire: (entry: PublishEntry) => void,
  ) {}

  /** Call it after an entry was added. */
  watch(): void {
    if (this.timer === undefined) this.start();
    else if (this.isResting) this.timer.ref();
    this.isResting = false;
  }

  /** Call it when the queue has become empty: a timer under way stays, since it costs less than a new one. */
  rest(): void {
    this.isResting = true;
    this.timer?.unref();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private start(): void {
    const { oldest } = this.queue;
    if (oldest === undefined) return;
    const delayMs = Math.max(1, oldest.deadline - this.clock.nowMs());
    this.timer = this.clock.startTimer(delayMs, () => this.onTimer());
  }

  private onTimer(): void {
    const now = this.clock.nowMs();
    // Only what was pending before: a callback that publishes again gets its full time, and cannot hold the loop.
    for (let left = this.queue.count; left > 0; left -= 1) {
      const { oldest } = this.queue;
      if (oldest === undefined || oldest.deadline > now) break;
      this.expire(oldest);
    }
    this.timer = undefined;
    this.start();
  }
}
