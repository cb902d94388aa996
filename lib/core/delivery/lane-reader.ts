import type { DriverMessage } from '../driver/driver.js';
import { ignoreRejection } from '../errors/describe-value.js';
import { DecodedEvent } from '../wire/decoded-event.js';
import type { Clock } from '../clock.js';
import type { Delivery } from './delivery.js';
import { callWithPayload, isKey, keyExpected, unusableKey } from './payload-key.js';

/** A delivery on its way into its lane. */
export interface Arrival {
  readonly delivery: Delivery;
  /** Not to be started before this moment of the delivery clock. */
  readonly notBeforeMs: number;
}

/** What became of the bytes of a delivery, or why nothing did; and the lane, where it has one. */
export type ReadDelivery =
  | { readonly lane: string | undefined; readonly isRead: true; readonly decoded: unknown }
  | { readonly lane: undefined; readonly isRead: false; readonly error: unknown };

/** @internal */
export interface LaneReaderSetup {
  readonly lane: (data: never) => string | undefined;
  readonly decode: (message: DriverMessage) => unknown;
  readonly clock: Pick<Clock, 'after'>;
  readonly ackWaitMs: number;
}

/** One that is being read, or waits for those that came before it. */
interface Reading {
  readonly arrival: Arrival;
  read: ReadDelivery | undefined;
  isPassedOver: boolean;
  next: Reading | undefined;
}

/**
 * Reads deliveries as they arrive, since their lane is in the payload, and hands them on in the order of their arrival: also
 * where a deserializer takes longer for one than for the next. One that takes longer than ack wait holds the others up no
 * further.
 * @internal
 */
export class LaneReader {
  private first: Reading | undefined;
  private last: Reading | undefined;
  private cancelWatch: (() => void) | undefined;

  constructor(
    private readonly setup: LaneReaderSetup,
    private readonly enter: (arrival: Arrival, read: ReadDelivery) => void,
  ) {}

  arrive(arrival: Arrival): void {
    const read = this.read(arrival.delivery.message);
    if (read instanceof Promise) this.enterOnceRead(arrival, read);
    else if (this.first === undefined) this.enter(arrival, read);
    else this.push({ arrival, read, isPassedOver: false, next: undefined });
  }

  /** Deliveries that have not been handed on. */
  count(): number {
    let count = 0;
    for (let each = this.first; each !== undefined; each = each.next) count += 1;
    return count;
  }

  /** Forgets what is being read. */
  clear(): void {
    this.first = undefined;
    this.last = undefined;
    this.cancelWatch?.();
  }

  private enterOnceRead(arrival: Arrival, read: Promise<ReadDelivery>): void {
    const reading: Reading = { arrival, read: undefined, isPassedOver: false, next: undefined };
    this.push(reading);
    void read.then((result) => {
      reading.read = result;
      if (reading.isPassedOver) this.enter(arrival, result);
      else this.handOn();
    });
  }

  private push(reading: Reading): void {
    if (this.last === undefined) this.first = reading;
    else this.last.next = reading;
    this.last = reading;
    if (this.first === reading) this.watchFirst();
  }

  private handOn(): void {
    for (let { first } = this; first?.read !== undefined; { first } = this) {
      this.shift();
      this.enter(first.arrival, first.read);
    }
  }

  private shift(): void {
    this.first = this.first?.next;
    if (this.first === undefined) this.last = undefined;
    this.watchFirst();
  }

  private watchFirst(): void {
    this.cancelWatch?.();
    const { first } = this;
    if (first === undefined || first.read !== undefined) return;
    this.cancelWatch = this.setup.clock.after(this.setup.ackWaitMs, () => {
      first.isPassedOver = true;
      this.shift();
      this.handOn();
    });
  }

  /** Never rejects. */
  private read(message: DriverMessage): ReadDelivery | Promise<ReadDelivery> {
    try {
      const decoded = this.setup.decode(message);
      if (decoded instanceof Promise) return decoded.then((value) => this.toRead(message, value), toUnread);
      return this.toRead(message, decoded);
    } catch (error) {
      return toUnread(error);
    }
  }

  private toRead(message: DriverMessage, decoded: unknown): ReadDelivery {
    try {
      const data: unknown = decoded instanceof DecodedEvent ? decoded.data : decoded;
      return { lane: laneOf(this.setup.lane, data, message), isRead: true, decoded };
    } catch (error) {
      return toUnread(error);
    }
  }
}

function toUnread(error: unknown): ReadDelivery {
  ignoreRejection(error);
  return { lane: undefined, isRead: false, error };
}

function laneOf(lane: LaneReaderSetup['lane'], data: unknown, message: DriverMessage): string | undefined {
  const rule = { option: 'lane', expected: `${keyExpected}, or undefined for no lane` };
  const key = callWithPayload(lane, data, message, rule);
  if (key === undefined || isKey(key)) return key;
  throw unusableKey(message, rule, key);
}
