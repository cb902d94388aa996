/** An async listener is a void function to its caller; what it returns tells it apart. */
type Listener = (event: never) => unknown;

/**
 * The users' listeners of `on()`. One that throws is reported and stops neither the others nor the transport.
 * @internal
 */
export class EventHub {
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(private readonly onListenerError: (error: unknown) => void) {}

  on(type: string, listener: Listener): void {
    const listeners = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, listeners.add(listener));
  }

  off(type: string, listener: Listener): void {
    const listeners = this.listeners.get(type);
    if (listeners?.delete(listener) === true && listeners.size === 0) this.listeners.delete(type);
  }

  /** Whether somebody listens, so that a report nobody hears can go to the log instead. */
  has(type: string): boolean {
    // Asked with each publish and delivery, mostly where nobody listens to anything.
    return this.listeners.size > 0 && this.listeners.has(type);
  }

  emit(event: { readonly type: string }): void {
    const listeners = this.listeners.get(event.type);
    if (listeners === undefined) return;
    // A listener may add others while it runs: those hear the next event.
    for (const listener of [...listeners]) this.call(listener, event);
  }

  private call(listener: Listener, event: object): void {
    try {
      const result = listener(event as never);
      // Its rejection must not end the process.
      if (result instanceof Promise) result.catch(this.onListenerError);
    } catch (error) {
      this.onListenerError(error);
    }
  }
}
