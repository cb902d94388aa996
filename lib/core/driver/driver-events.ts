import type { DriverEvent, DriverEventListener } from './driver-event.js';

/**
 * The listeners of a driver. They must not throw: they run inside the driver, with no one to catch it.
 * @internal
 */
export class DriverEvents {
  private readonly listeners = new Set<DriverEventListener>();

  /** Adds a listener; returns the function that removes it. */
  on(listener: DriverEventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: DriverEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
