import type { DriverMessage } from '../driver/driver.js';
import { maxTimerMs } from '../option-rules/option-limits.js';
import type { Clock } from '../clock.js';
import type { Delivery } from './delivery.js';
import type { Failure } from './failure-memory.js';
import { LaneReader } from './lane-reader.js';
import type { Arrival, LaneReaderSetup, ReadDelivery } from './lane-reader.js';
import { Lane, LanePlace } from './lane.js';

/** Ack waits after which an event that the server should have sent again has gone to somebody else. */
const patienceInAckWaits = 2;

/** @internal */
export interface LanesSetup extends LaneReaderSetup {
  readonly clock: Clock;
  readonly ackWaitLeftMs: (delivery: Delivery) => number;
  /** What is known of an event whose handler has failed. */
  readonly failureOf: (message: DriverMessage) => Failure | undefined;
  /** Starts a delivery, after a wait, as soon as there is a place. */
  readonly begin: (delivery: Delivery, afterMs: number) => void;
  /** Gives a delivery up that has waited past its ack wait and was not sent again. */
  readonly expire: (delivery: Delivery) => void;
}

/**
 * Runs the events of one key one at a time, in the order in which they were stored, and the keys beside each other. An
 * event that fails keeps its lane from delivery to delivery, until it is settled or given up. A lane exists only while an
 * event is in it.
 *
 * Lanes know one subscription of one process. In a group of several members the server may send an event again to another
 * one: its lane waits for it two ack waits long, and goes on.
 * @internal
 */
export class Lanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly places = new Map<Delivery, LanePlace>();
  /** Places of events that the server has to send again, by sequence. */
  private readonly awaited = new Map<number, LanePlace>();
  /** What was read to find the lane, until the first run takes it. */
  private readonly reads = new Map<Delivery, ReadDelivery>();
  private readonly reader: LaneReader;

  constructor(private readonly setup: LanesSetup) {
    this.reader = new LaneReader(setup, (arrival, read) => this.enter(arrival, read));
  }

  /** Keys that an event is here for, or has to come again for. */
  laneCount(): number {
    return this.lanes.size;
  }

  /** Deliveries that are here and whose turn has not come. */
  waitingCount(): number {
    let count = this.reader.count();
    for (const place of this.places.values()) if (place.state === 'waiting') count += 1;
    return count;
  }

  /** Takes a delivery in, to be started no sooner than `afterMs` from now. */
  arrive(delivery: Delivery, afterMs: number): void {
    const arrival = { delivery, notBeforeMs: this.setup.clock.nowMs() + afterMs };
    const place = this.awaited.get(delivery.message.sequence);
    if (place?.delivery.isSameMessage(delivery.message)) this.comeBack(place, arrival);
    else this.reader.arrive(arrival);
  }

  /** The data that a run gets: what was read on arrival; read again for any further run. Throws what reading it has thrown. */
  dataOf(delivery: Delivery): unknown {
    const read = this.reads.get(delivery);
    if (read === undefined) return this.setup.decode(delivery.message);
    this.reads.delete(delivery);
    if (read.isRead) return read.decoded;
    throw read.error;
  }

  /** A delivery has left this process: it is settled, given up, or left for the server to send again. */
  left(delivery: Delivery): void {
    this.reads.delete(delivery);
    const place = this.places.get(delivery);
    if (place === undefined) return;
    const failure = this.setup.failureOf(delivery.message);
    const comesAgain = place.state === 'begun' && !delivery.isSettled() && failure?.givenUp !== true;
    if (comesAgain) this.await(place, failure);
    else this.remove(place);
  }

  /** A delivery was acked. One that runs still keeps its lane until its handler has ended. */
  settled(delivery: Delivery): void {
    const place = this.places.get(delivery);
    if (place?.state === 'awaited') this.remove(place);
  }

  /** Forgets everything; what is here is left for the server to send again. */
  clear(): void {
    this.reader.clear();
    for (const place of this.places.values()) place.stopWaiting();
    this.lanes.clear();
    this.places.clear();
    this.awaited.clear();
    this.reads.clear();
  }

  private enter(arrival: Arrival, read: ReadDelivery): void {
    const { delivery, notBeforeMs } = arrival;
    if (delivery.state === 'gone') return;
    this.reads.set(delivery, read);
    if (read.lane === undefined) this.start(delivery, notBeforeMs);
    else this.enterLane(this.laneOf(read.lane), arrival);
  }

  private laneOf(key: string): Lane {
    const known = this.lanes.get(key);
    if (known !== undefined) return known;
    const lane = new Lane(key);
    this.lanes.set(key, lane);
    return lane;
  }

  private enterLane(lane: Lane, { delivery, notBeforeMs }: Arrival): void {
    const place = new LanePlace(lane, delivery, notBeforeMs);
    this.places.set(delivery, place);
    const former = lane.first;
    lane.insert(place);
    if (lane.first !== place) return;
    // One that was past its ack wait waited for its turn; now it is the turn of an earlier one.
    if (former?.state === 'waiting') former.stopWaiting();
    this.giveTurn(lane);
  }

  /** An event that was left for redelivery has come again, and has its place still. */
  private comeBack(place: LanePlace, { delivery, notBeforeMs }: Arrival): void {
    place.stopWaiting();
    this.awaited.delete(delivery.message.sequence);
    this.places.delete(place.delivery);
    this.places.set(delivery, place);
    place.delivery = delivery;
    place.notBeforeMs = notBeforeMs;
    place.state = 'waiting';
    this.giveTurn(place.lane);
  }

  private giveTurn(lane: Lane): void {
    const place = lane.first;
    if (place === undefined) this.lanes.delete(lane.key);
    else if (place.state !== 'waiting') return;
    else if (this.setup.ackWaitLeftMs(place.delivery) <= 0) this.awaitRenewal(place);
    else {
      place.stopWaiting();
      place.state = 'begun';
      this.setup.begin(place.delivery, Math.max(0, place.notBeforeMs - this.setup.clock.nowMs()));
    }
  }

  private start(delivery: Delivery, notBeforeMs: number): void {
    if (this.setup.ackWaitLeftMs(delivery) <= 0) this.setup.expire(delivery);
    else this.setup.begin(delivery, Math.max(0, notBeforeMs - this.setup.clock.nowMs()));
  }

  /** Its turn has come past its ack wait: the server is about to send it again, or has sent it to somebody else. */
  private awaitRenewal(place: LanePlace): void {
    if (place.cancelPatience !== undefined) return;
    place.cancelPatience = this.setup.clock.after(this.setup.ackWaitMs, () => this.setup.expire(place.delivery));
    place.delivery.whenRenewed = () => this.giveTurn(place.lane);
  }

  private await(place: LanePlace, failure: Failure | undefined): void {
    place.state = 'awaited';
    this.awaited.set(place.delivery.message.sequence, place);
    const patienceMs = (failure?.laterMs ?? 0) + patienceInAckWaits * this.setup.ackWaitMs;
    place.cancelPatience = this.setup.clock.after(Math.min(patienceMs, maxTimerMs), () => this.remove(place));
  }

  private remove(place: LanePlace): void {
    place.stopWaiting();
    const { lane, delivery } = place;
    const { sequence } = delivery.message;
    if (this.awaited.get(sequence) === place) this.awaited.delete(sequence);
    this.places.delete(delivery);
    const hadTurn = lane.first === place;
    lane.remove(place);
    if (hadTurn) this.giveTurn(lane);
  }
}
