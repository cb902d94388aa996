import type { FaultPlan } from '../../faults/fault-plan.js';
import type { FaultTarget } from '../../faults/fault-point.js';
import type { Bus } from '../../nats/bus.js';

/**
 * Sends what the server has to say, unless a fault decides otherwise.
 * @internal
 */
export class Outlet {
  constructor(
    private readonly bus: Bus,
    private readonly faults: FaultPlan,
  ) {}

  /** `target` is what faults look at. Without a subject (a request that asked for no reply) nothing is sent. */
  send(target: FaultTarget, subject: string, payload: Uint8Array): void {
    if (this.faults.isEmpty) {
      this.transmit(subject, payload);
      return;
    }
    const copy = Buffer.from(payload); // a fault may hold it back, and payloads are views
    this.faults.apply(target, () => this.transmit(subject, copy));
  }

  private transmit(subject: string, payload: Uint8Array): void {
    if (subject !== '') this.bus.publish({ subject, reply: undefined, payload, headerBytes: 0 });
  }
}
