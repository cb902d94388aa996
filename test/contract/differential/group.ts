import type { StanDelivery, StanSubscription } from './stan-client.js';
import { LONG_ACK_WAIT_SECS } from './trace.js';
import type { SubscribeStep } from './trace.js';

/** One subscription of a trace, as the player sees it. */
export interface Member {
  readonly step: SubscribeStep;
  readonly group: Group;
  readonly session: number;
  subscription: StanSubscription | undefined;
  /** Neither closed nor swept away with its session. */
  isOpen: boolean;
  /** Its client was without TCP for a while: what was sent to it then, nobody knows. */
  isLossy: boolean;
}

/**
 * What receives a channel's messages as one: a queue group with all its members, or a single subscription. Which member
 * of a group gets a message is the server's own business, so deliveries are seen per group.
 */
export class Group {
  readonly members: Member[] = [];
  /** Sequence to the member that has it unacked. */
  readonly unacked = new Map<number, Member>();
  private readonly counts = new Map<number, number>();
  private readonly seen = new Set<number>();
  private log: { sequence: number; redelivered: boolean; count: number }[] = [];
  private again = new Set<number>();
  /** Redeliveries come when a timer says so, hence at no particular step. */
  isTimed = false;
  /**
   * [STAN-QUEUE-6] A member left unacked messages to several others: all of them come again in that step, but chance says
   * who has them then, and so what comes again when the next member leaves.
   */
  private isSharedOut = false;
  private isByChance = false;
  /** Some redeliveries went to a member that was dead already. */
  hasLostMembers = false;
  /** Broken promises that hold at any moment, whatever the timing. */
  readonly violations: string[] = [];
  lastArrival = 0;

  constructor(
    readonly key: string,
    readonly isQueue: boolean,
  ) {}

  add(member: Member): void {
    this.members.push(member);
    if (member.step.ackWaitSecs < LONG_ACK_WAIT_SECS) this.isTimed = true;
  }

  /** Members leave: one, or all that their session had. */
  leave(members: readonly Member[]): void {
    const unackedCount = [...this.unacked.values()].filter((holder) => members.includes(holder)).length;
    // What was sent to a dead connection is unacked as well, and nobody saw it arrive.
    const mayHaveSeveral = unackedCount > 1 || this.isLossy || this.hasLostMembers;
    if (this.openMembers.length > 2 && mayHaveSeveral) this.isSharedOut = true;
    for (const member of members) member.isOpen = false;
    // What was pending belongs to nobody now; a durable that comes back gets it as new arrivals.
    if (this.openMembers.length === 0) this.unacked.clear();
  }

  get openMembers(): readonly Member[] {
    return this.members.filter(({ isOpen }) => isOpen);
  }

  get isLossy(): boolean {
    return this.members.some(({ isLossy }) => isLossy);
  }

  arrived(member: Member, delivery: StanDelivery): void {
    const { sequence, redelivered, redeliveryCount: count } = delivery;
    this.lastArrival = performance.now();
    this.unacked.set(sequence, member);
    if (redelivered) this.again.add(sequence);
    this.log.push({ sequence, redelivered, count });
    this.check(member, delivery);
  }

  private check(member: Member, delivery: StanDelivery): void {
    const { sequence, redelivered, redeliveryCount: count } = delivery;
    const where = `${this.key}: message ${sequence}`;
    if (delivery.subject !== member.subscription?.request.channel && member.subscription !== undefined) {
      this.violations.push(`${where} came with the subject ${delivery.subject}`);
    }
    if (!redelivered && this.seen.has(sequence))
      this.violations.push(`${where} came twice without the redelivered flag`);
    if (redelivered !== count > 0) this.violations.push(`${where} has redelivered ${redelivered} with count ${count}`);
    const before = this.counts.get(sequence);
    if (before !== undefined && count > 1 && count !== before + 1 && !this.isLossy && !this.hasLostMembers) {
      this.violations.push(`${where} has redelivery count ${count} after ${before}`);
    }
    this.counts.set(sequence, count);
    this.seen.add(sequence);
  }

  /** What arrived since the last call, in the form that two servers must agree on. */
  takeArrivals(): string[] {
    const log = this.log;
    this.log = [];
    const shown = this.isTimed || this.isByChance ? log.filter(({ redelivered }) => !redelivered) : log;
    this.isByChance = this.isSharedOut;
    const words = shown.map(({ sequence, redelivered, count }) => ({
      sequence,
      word: redelivered ? `${sequence}r${count}` : `${sequence}`,
    }));
    // Two members' sockets are read in any order.
    if (this.isQueue)
      words.sort((left, right) => left.sequence - right.sequence || left.word.localeCompare(right.word));
    return words.map(({ word }) => word);
  }

  /** Starts to look for redeliveries anew. */
  forgetRedeliveries(): void {
    this.again = new Set();
  }

  /** True once everything unacked has been delivered again since {@link forgetRedeliveries}. */
  get allCameAgain(): boolean {
    return [...this.unacked.keys()].every((sequence) => this.again.has(sequence));
  }

  get redelivered(): readonly number[] {
    return [...this.again].sort((left, right) => left - right);
  }
}
