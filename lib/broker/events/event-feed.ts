import { attempt } from '../clock/clock.js';
import type { BrokerEvent, BrokerEventListener } from './broker-event.js';

/**
 * Hands events to whoever listens. Makers of events ask {@link EventFeed.hasListeners} first, so that nobody pays for events
 * that nobody wants.
 * @internal
 */
export class EventFeed {
  private listeners: BrokerEventListener[] = [];

  /** `onFailure` receives what a listener throws; the broker carries on. */
  constructor(private readonly onFailure: (thrown: unknown) => void) {}

  get hasListeners(): boolean {
    return this.listeners.length > 0;
  }

  /** Returns the function that ends the listening. */
  listen(listener: BrokerEventListener): () => void {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  emit(event: BrokerEvent): void {
    for (const listener of this.listeners) attempt(() => listener(event), this.onFailure);
  }
}
