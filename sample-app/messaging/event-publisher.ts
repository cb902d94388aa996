import type { ShopEvents, Subject } from '../shared/shop-events.js';

/** What travels beside an event: the trace that it belongs to. */
export type EventHeaders = Readonly<Record<string, string>>;

/** The one thing that the relay needs from the event bus. */
export abstract class EventPublisher {
  /** Resolves when the server has stored the event, with the headers beside it; rejects when that is not known. */
  abstract publish(subject: Subject, event: ShopEvents[Subject], headers?: EventHeaders): Promise<void>;
}
