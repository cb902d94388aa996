import type { Clock } from '../clock/clock.js';
import type { FaultPoint, FaultTarget } from './fault-point.js';

/** Passes one message on; called later, twice or never, as the fault wants it. */
type Pass = () => void;
type Strike = (pass: Pass) => void;

/** What a rule applies to. @internal */
export interface FaultRule {
  readonly point: FaultPoint;
  readonly clientId: string | undefined;
  readonly channel: string | undefined;
  /** How many messages are struck; the rule is gone after the last. */
  readonly times: number;
  readonly where: ((target: FaultTarget) => boolean) | undefined;
  readonly strike: Strike;
}

/** A rule in force. @internal */
export interface ActiveRule {
  readonly rule: FaultRule;
  hits: number;
}

/**
 * The faults in force. Without any, a message passes at the cost of one comparison.
 * @internal
 */
export class FaultPlan {
  /** The error text with which publishes are refused; undefined while they are stored. */
  storeRefusal: string | undefined;
  private rules: ActiveRule[] = [];

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  add(rule: FaultRule): ActiveRule {
    const active: ActiveRule = { rule, hits: 0 };
    this.rules.push(active);
    return active;
  }

  remove(active: ActiveRule): void {
    this.rules = this.rules.filter((other) => other !== active);
  }

  clear(): void {
    this.rules = [];
    this.storeRefusal = undefined;
  }

  /** Lets the first rule that applies decide about the message; without one it passes. */
  apply(target: FaultTarget, pass: Pass): void {
    const active = this.rules.find(({ rule }) => applies(rule, target));
    if (active === undefined) {
      pass();
      return;
    }
    active.hits += 1;
    if (active.hits >= active.rule.times) this.remove(active);
    active.rule.strike(pass);
  }
}

function applies(rule: FaultRule, target: FaultTarget): boolean {
  return (
    rule.point === target.point &&
    (rule.clientId === undefined || rule.clientId === target.clientId) &&
    (rule.channel === undefined || rule.channel === target.channel) &&
    (rule.where?.(target) ?? true)
  );
}

/** @internal */
export const strikes = {
  drop: (): Strike => () => undefined,
  delay:
    (clock: Clock, delayMs: number): Strike =>
    (pass) => {
      clock.after(delayMs, pass);
    },
  duplicate: (): Strike => (pass) => {
    pass();
    pass();
  },
  /** Holds back every second message until the one after it has passed. */
  reorder: (): Strike => {
    let held: Pass | undefined;
    return (pass) => {
      if (held === undefined) {
        held = pass;
        return;
      }
      const earlier = held;
      held = undefined;
      pass();
      earlier();
    };
  },
};
