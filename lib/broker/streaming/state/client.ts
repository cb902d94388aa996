import type { ClockTimer } from '../../clock/clock.js';
import type { ClientRecord } from '../../store/store.js';
import { removeFromList } from './remove-from-list.js';
import type { Subscription } from './subscription.js';

/**
 * A registered client id, with its subscriptions and the heartbeats it has missed.
 * @internal
 */
export class Client {
  private readonly list: Subscription[] = [];
  private heartbeatTimer: ClockTimer | undefined;
  private missedInARow = 0;
  private registered = true;

  constructor(readonly record: ClientRecord) {}

  get id(): string {
    return this.record.clientId;
  }

  get subscriptions(): readonly Subscription[] {
    return this.list;
  }

  /** False as soon as the id was closed or given to another connection. */
  get isRegistered(): boolean {
    return this.registered;
  }

  get missedHeartbeats(): number {
    return this.missedInARow;
  }

  get hasHeartbeatTimer(): boolean {
    return this.heartbeatTimer !== undefined;
  }

  add(subscription: Subscription): void {
    this.list.push(subscription);
  }

  /** Returns false where the subscription is not this client's. */
  remove(subscription: Subscription): boolean {
    return removeFromList(this.list, subscription);
  }

  /** Replaces the timer of the next heartbeat. */
  setHeartbeatTimer(timer: ClockTimer): void {
    this.heartbeatTimer?.cancel();
    this.heartbeatTimer = timer;
  }

  /** Counts the outcome of a heartbeat. While any is missing, the client's subscriptions come last in their groups. */
  heartbeat(answered: boolean): void {
    const hadMissed = this.missedInARow > 0;
    this.missedInARow = answered ? 0 : this.missedInARow + 1;
    const hasMissed = this.missedInARow > 0;
    if (hasMissed === hadMissed) return;
    for (const subscription of this.list) subscription.heartbeatsMissed(hasMissed);
  }

  stop(): void {
    this.heartbeatTimer?.cancel();
    this.heartbeatTimer = undefined;
  }

  unregister(): void {
    this.registered = false;
    this.stop();
  }
}
