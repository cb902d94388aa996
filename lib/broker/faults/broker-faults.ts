import type { Clock } from '../clock/clock.js';
import { durationToMs } from '../clock/duration.js';
import type { Duration } from '../clock/duration.js';
import { BrokerOptionError } from '../errors/broker-option.error.js';
import { strikes } from './fault-plan.js';
import type { FaultPlan } from './fault-plan.js';
import { faultPoints } from './fault-point.js';
import type { FaultPoint, FaultTarget } from './fault-point.js';

/**
 * Which messages a fault strikes; without a filter all that pass its point.
 * @publicApi
 */
export interface FaultFilter {
  readonly clientId?: string;
  readonly channel?: string;
  /** Struck only where this returns true. */
  readonly where?: (target: FaultTarget) => boolean;
  /**
   * How many messages are struck; the fault ends by itself after the last.
   * @defaultValue Infinity
   */
  readonly times?: number;
}

/**
 * A fault in force.
 * @publicApi
 */
export interface Fault {
  /** Messages struck so far. */
  readonly hits: number;
  /** Ends the fault. Idempotent. */
  remove(): void;
}

/** What faults need of the broker. @internal */
export interface FaultTargetBroker {
  readonly clock: Clock;
  forgetClient(clientId: string): boolean;
  freeze(): void;
  unfreeze(): void;
  cutConnections(): void;
}

/**
 * Makes the broker fail on purpose. Faults outlive a restart of the broker; {@link BrokerFaults.clear} ends them all.
 * @publicApi
 */
export class BrokerFaults {
  /** @internal */
  constructor(
    private readonly plan: FaultPlan,
    private readonly broker: FaultTargetBroker,
  ) {}

  /** Messages get lost. */
  drop(point: FaultPoint, filter: FaultFilter = {}): Fault {
    return this.add(point, filter, strikes.drop());
  }

  /** Messages arrive later by `delay`, by the broker's clock. */
  delay(point: FaultPoint, delay: Duration, filter: FaultFilter = {}): Fault {
    return this.add(point, filter, strikes.delay(this.broker.clock, durationToMs(delay)));
  }

  /** Messages arrive twice. */
  duplicate(point: FaultPoint, filter: FaultFilter = {}): Fault {
    return this.add(point, filter, strikes.duplicate());
  }

  /** Of every two messages the second arrives first; an odd last one stays away until another follows. */
  reorder(point: FaultPoint, filter: FaultFilter = {}): Fault {
    return this.add(point, filter, strikes.reorder());
  }

  /** Publishes are refused with this text, as by a store that cannot write, until the function it returns is called. */
  refuseToStore(error: string): () => void {
    this.plan.storeRefusal = error;
    return () => {
      this.plan.storeRefusal = undefined;
    };
  }

  /**
   * The server forgets a client and its subscriptions without telling it; durables stay, offline. Returns whether the
   * client was known.
   */
  forgetClient(clientId: string): boolean {
    return this.broker.forgetClient(clientId);
  }

  /** The broker stands still: connections stay open, nothing is read, answered or sent, no timer fires. */
  freeze(): void {
    this.broker.freeze();
  }

  /** The broker goes on, with all that has arrived meanwhile. */
  unfreeze(): void {
    this.broker.unfreeze();
  }

  /** Ends every TCP connection without a word; clients may connect again at once. */
  cutConnections(): void {
    this.broker.cutConnections();
  }

  /** Ends every fault, a freeze included. Messages that a delay holds back still arrive. */
  clear(): void {
    this.plan.clear();
    this.unfreeze();
  }

  private add(point: FaultPoint, filter: FaultFilter, strike: (pass: () => void) => void): Fault {
    if (!faultPoints.includes(point)) throw new BrokerOptionError('fault point', point, faultPoints.join(', '));
    const { clientId, channel, where, times = Infinity } = filter;
    const active = this.plan.add({ point, clientId, channel, where, times, strike });
    return {
      get hits() {
        return active.hits;
      },
      remove: () => this.plan.remove(active),
    };
  }
}
