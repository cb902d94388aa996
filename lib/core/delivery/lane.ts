import type { Delivery } from './delivery.js';

/**
 * `waiting` for its turn, `begun`: the pipeline has it, `awaited`: its turn goes on, and the server has to send it again.
 */
type PlaceState = 'waiting' | 'begun' | 'awaited';

/**
 * The place of one event in its lane. An event that fails keeps its place from delivery to delivery.
 * @internal
 */
export class LanePlace {
  state: PlaceState = 'waiting';
  previous: LanePlace | undefined;
  next: LanePlace | undefined;
  /** Ends the wait for the server to send it again. */
  cancelPatience: (() => void) | undefined;

  constructor(
    readonly lane: Lane,
    /** The newest delivery of the event. */
    public delivery: Delivery,
    /** Not to be started before this moment of the delivery clock. */
    public notBeforeMs: number,
  ) {}

  /** Ends whatever it waits for. */
  stopWaiting(): void {
    this.cancelPatience?.();
    this.cancelPatience = undefined;
    this.delivery.whenRenewed = undefined;
  }
}

/**
 * The events of one key, in the order in which the server has stored them. The first one has its turn.
 * @internal
 */
export class Lane {
  private head: LanePlace | undefined;
  private tail: LanePlace | undefined;

  constructor(readonly key: string) {}

  /** Whose turn it is. */
  get first(): LanePlace | undefined {
    return this.head;
  }

  /** Puts an event behind those that were stored before it, and behind one that has begun. */
  insert(place: LanePlace): void {
    let before = this.tail;
    while (before !== undefined && before.state !== 'begun' && isLater(before.delivery, place.delivery)) {
      before = before.previous;
    }
    const after = before === undefined ? this.head : before.next;
    place.previous = before;
    place.next = after;
    if (before === undefined) this.head = place;
    else before.next = place;
    if (after === undefined) this.tail = place;
    else after.previous = place;
  }

  remove({ previous, next }: LanePlace): void {
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.tail = previous;
    else next.previous = previous;
  }
}

/** By time of storing first: a server that lost its store gives low sequences to newer events. */
function isLater({ message: one }: Delivery, { message: other }: Delivery): boolean {
  if (one.timestampNs !== other.timestampNs) return one.timestampNs > other.timestampNs;
  return one.sequence > other.sequence;
}
