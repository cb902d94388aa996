import { QueueGroup } from './queue-group.js';
import type { Subscription } from './subscription.js';

/**
 * The subscriptions of one channel, under every key by which the server looks for them.
 * @internal
 */
export class SubscriptionSet {
  /** Those without a queue group, online durables included. */
  readonly plain: Subscription[] = [];
  readonly groups = new Map<string, QueueGroup>();
  /** Durables without a queue group, online or not, by their key. */
  readonly durables = new Map<string, Subscription>();
  /** Ids in the store; their number is what the subscription limit counts. */
  readonly stored = new Set<number>();
  private readonly byAckInbox = new Map<string, Subscription>();
  private readonly byInbox = new Map<string, Subscription>();

  /** Adds a subscription that is new to this process: just made, or found in the store. */
  add(subscription: Subscription): void {
    if (subscription.queueGroup !== '') {
      this.addMember(subscription);
      return;
    }
    this.addInboxes(subscription);
    this.plain.push(subscription);
    if (subscription.durableName !== '') this.durables.set(subscription.durableKey, subscription);
  }

  /** Brings a durable back that was offline. */
  resume(subscription: Subscription): void {
    if (subscription.durableName !== '') this.plain.push(subscription);
    this.addInboxes(subscription);
  }

  removeInboxes(subscription: Subscription): void {
    this.byAckInbox.delete(subscription.ackInbox);
    this.byInbox.delete(subscription.inbox);
  }

  findByAckInbox(ackInbox: string): Subscription | undefined {
    return this.byAckInbox.get(ackInbox);
  }

  find(inbox: string): Subscription | undefined {
    return this.byAckInbox.get(inbox) ?? this.byInbox.get(inbox);
  }

  /** True where somebody listens now: offline durables do not count. */
  get hasActive(): boolean {
    if (this.plain.length > 0) return true;
    for (const group of this.groups.values()) if (group.members.length > 0) return true;
    return false;
  }

  online(): Subscription[] {
    return [...this.plain, ...[...this.groups.values()].flatMap((group) => group.members)];
  }

  offline(): Subscription[] {
    const durables = [...this.durables.values()].filter((durable) => durable.isOffline);
    const shadows = [...this.groups.values()].flatMap((group) => group.shadow ?? []);
    return [...durables, ...shadows];
  }

  private addInboxes(subscription: Subscription): void {
    this.byAckInbox.set(subscription.ackInbox, subscription);
    this.byInbox.set(subscription.inbox, subscription);
  }

  private addMember(member: Subscription): void {
    let group = this.groups.get(member.queueGroup);
    if (!group) this.groups.set(member.queueGroup, (group = new QueueGroup(member.queueGroup)));
    if (member.isOffline) {
      if (!group.shadow || member.lastSent > group.lastSent) group.shadow = member;
    } else {
      this.addInboxes(member);
      group.members.push(member);
      if (member.newOnHold) group.newOnHold = true;
      if (member.stalled) group.stalledCount++;
    }
    group.lastSent = Math.max(group.lastSent, member.lastSent);
    member.group = group;
  }
}
