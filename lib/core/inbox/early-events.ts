import type { Clock } from '../clock.js';
import type { EntityVersion } from '../event-store/event-store.js';

/**
 * Early events that wait in this process for their predecessor. None of them holds a connection.
 * @internal
 */
export class EarlyEvents {
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  /** Resolves when a version of the entity was counted here, or after `ms` (another process may have counted it). */
  async untilCounted(entity: EntityVersion, ms: number): Promise<void> {
    const key = keyOf(entity);
    let wake: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => (wake = resolve));
    const waiters = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, waiters.add(wake));
    const cancel = this.clock.after(ms, wake);
    await woken;
    cancel();
    waiters.delete(wake);
    if (waiters.size === 0 && this.waiting.get(key) === waiters) this.waiting.delete(key);
  }

  counted(entity: EntityVersion): void {
    if (this.waiting.size === 0) return;
    for (const wake of this.waiting.get(keyOf(entity)) ?? []) wake();
  }

  /** Lets all of them look at once, for a stop. */
  wakeAll(): void {
    for (const waiters of this.waiting.values()) for (const wake of waiters) wake();
  }
}

function keyOf({ consumer, stream, key }: EntityVersion): string {
  return JSON.stringify([consumer, stream, key]);
}
