import type { Clock } from '../../clock/clock.js';
import type { FaultPlan } from '../../faults/fault-plan.js';
import type { FaultTarget } from '../../faults/fault-point.js';
import type { Bus, BusSubscription } from '../../nats/bus.js';
import { newInbox } from '../../strings/random-id.js';
import type { TaskGuard } from './task-guard.js';

/** What {@link Requester} needs. @internal */
export interface RequesterNeeds {
  readonly bus: Bus;
  readonly faults: FaultPlan;
  readonly clock: Clock;
  readonly guard: TaskGuard;
  readonly stopped: AbortSignal;
}

/**
 * Sends requests to clients: an empty message to an inbox, to which any message is a reply.
 * @internal
 */
export class Requester {
  private openRequests = 0;

  constructor(private readonly needs: RequesterNeeds) {}

  /** True while a request has no reply yet; a virtual clock gives it real time to arrive. */
  get awaitsReply(): boolean {
    return this.openRequests > 0;
  }

  /**
   * Calls `done` once: true with the reply, false after `timeoutMs` or at once where nobody listens on the inbox.
   */
  request(target: FaultTarget, inbox: string, timeoutMs: number, done: (answered: boolean) => void): void {
    const { bus, clock, faults, guard, stopped } = this.needs;
    const reply = newInbox();
    let open = true;
    const finish = (answered: boolean): void => {
      if (!open) return;
      open = false;
      this.openRequests -= 1;
      timer.cancel();
      bus.unsubscribe(listener);
      if (!stopped.aborted) done(answered);
    };
    const listener: BusSubscription = {
      subject: reply,
      queue: undefined,
      owner: undefined,
      deliver: () => guard.run('answer', () => finish(true)),
    };
    const timer = clock.after(timeoutMs, () => finish(false));
    this.openRequests += 1;
    bus.subscribe(listener);
    faults.apply(target, () => {
      const receivers = bus.publish({ subject: inbox, reply, payload: Buffer.alloc(0), headerBytes: 0 });
      if (receivers === 0) finish(false);
    });
  }
}
