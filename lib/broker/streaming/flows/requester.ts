import type { BusSubscription } from '../../nats/bus.js';
import type { FaultTarget } from '../../faults/fault-point.js';
import { newInbox } from '../../strings/random-id.js';
import type { StreamingContext } from '../streaming-context.js';

/**
 * Asks clients: sends an empty message to an inbox and waits for any answer.
 * @internal
 */
export class Requester {
  /** Questions without an answer so far; a virtual clock gives them real time to be answered. */
  outstanding = 0;

  constructor(private readonly context: StreamingContext) {}

  /**
   * Calls `done` once: true with the answer, false after `timeoutMs` or at once where nobody listens on the inbox.
   */
  ask(target: FaultTarget, inbox: string, timeoutMs: number, done: (answered: boolean) => void): void {
    const { bus, clock, faults } = this.context;
    const reply = newInbox();
    let open = true;
    const finish = (answered: boolean): void => {
      if (!open) return;
      open = false;
      this.outstanding--;
      timer.cancel();
      bus.unsubscribe(listener);
      if (!this.context.isStopped) done(answered);
    };
    const listener: BusSubscription = {
      subject: reply,
      queue: undefined,
      owner: undefined,
      deliver: () => this.context.guarded('answer', () => finish(true)),
    };
    const timer = clock.after(timeoutMs, () => finish(false));
    this.outstanding++;
    bus.subscribe(listener);
    faults.apply(target, () => {
      const receivers = bus.publish({ subject: inbox, reply, payload: Buffer.alloc(0), headerBytes: 0 });
      if (receivers === 0) finish(false);
    });
  }
}
