import type { DriverMessage } from '../driver/driver.js';

/**
 * `waiting` for a free place, `running` in its handler, `held` until a moment in time, `gone` from this process
 * (settled, or left for the server to send again).
 * @internal
 */
export type DeliveryState = 'waiting' | 'running' | 'held' | 'gone';

/**
 * One message at one handler, from its arrival until it is settled or left for redelivery. A redelivery that arrives
 * in between renews it instead of making a second one.
 * @internal
 */
export class Delivery {
  state: DeliveryState = 'waiting';
  /** Runs of the handler for this delivery, the one under way included. */
  tries = 0;
  /** When the run under way was started, where somebody wants to know. */
  startedAtMs: number | undefined;
  /** What the deserializer has read in the event beside its data. */
  headers: ReadonlyMap<string, string> | undefined;
  /** Cancels the timer of a held delivery. */
  cancelHold: (() => void) | undefined;
  /** Told when it arrives again, where somebody waits for that. */
  whenRenewed: (() => void) | undefined;
  /** Ends the timer by which the server is told that its handler is at work. */
  cancelExtending: (() => void) | undefined;
  /** The one behind it, where it waits for a free place; kept by the queue. */
  nextWaiting: Delivery | undefined;
  private settled = false;
  private renewalCount = 0;

  constructor(
    private latest: DriverMessage,
    private latestArrivedAtMs: number,
    private readonly onAck: (delivery: Delivery) => void,
  ) {}

  /** The newest arrival of the message: an older one may belong to a session that is dead. */
  get message(): DriverMessage {
    return this.latest;
  }

  /** When the newest arrival came; the server sends the message again one ack wait later. */
  get arrivedAtMs(): number {
    return this.latestArrivedAtMs;
  }

  /** Whether its handler is at work. */
  isRunning(): boolean {
    return this.state === 'running';
  }

  /** Whether it was acked, by the rules or by the handler. */
  isSettled(): boolean {
    return this.settled;
  }

  /** Whether `message` is another arrival of the same message, and not one of a server that started over. */
  isSameMessage(message: DriverMessage): boolean {
    return this.latest.timestampNs === message.timestampNs;
  }

  /** Arrivals while it waited for its start: the server has counted them, and no handler has failed. */
  get renewals(): number {
    return this.renewalCount;
  }

  renew(message: DriverMessage, nowMs: number): void {
    if (this.state === 'waiting') this.renewalCount += 1;
    this.latest = message;
    this.latestArrivedAtMs = nowMs;
    if (this.settled) message.ack();
    this.whenRenewed?.();
  }

  /** The server was told that its handler is at work: ack wait started over. */
  extended(nowMs: number): void {
    this.latestArrivedAtMs = nowMs;
  }

  /** How long its run waited and took, where its start was noted. The wait before a retry begins with the arrival too. */
  timingAt(nowMs: number): { waitedMs: number; tookMs: number } | undefined {
    const { startedAtMs, latestArrivedAtMs } = this;
    if (startedAtMs === undefined) return undefined;
    // One that was sent again while its handler runs has arrived after the start.
    return { waitedMs: Math.max(0, startedAtMs - latestArrivedAtMs), tookMs: nowMs - startedAtMs };
  }

  /** Acks it, once; later calls do nothing. Never throws. */
  ack(): void {
    if (this.settled) return;
    this.settled = true;
    this.latest.ack();
    this.onAck(this);
  }

  /** For the ack mode in which the client has acked on arrival. */
  markSettled(): void {
    this.settled = true;
  }
}
