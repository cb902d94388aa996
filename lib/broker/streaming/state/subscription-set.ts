import type { SubscriptionRecord, SubscriptionTable } from '../../store/store.js';
import { QueueGroup } from './queue-group.js';
import { removeFromList } from './remove-from-list.js';
import { Subscription } from './subscription.js';

/**
 * The subscriptions of one channel, under every key by which the server looks for them.
 * @internal
 */
export class SubscriptionSet {
  /** Those without a queue group, online durables included. */
  private readonly plainList: Subscription[] = [];
  private readonly groupsByName = new Map<string, QueueGroup>();
  /** Durables without a queue group, online or not, by their key. */
  private readonly durables = new Map<string, Subscription>();
  /** Ids in the store; their number is what the subscription limit counts. */
  private readonly stored = new Set<number>();
  private readonly byAckInbox = new Map<string, Subscription>();
  private readonly byInbox = new Map<string, Subscription>();
  private nextId = 1;

  constructor(
    private readonly channel: string,
    private readonly table: SubscriptionTable,
  ) {}

  /** Those without a queue group that are online. */
  get plain(): readonly Subscription[] {
    return this.plainList;
  }

  get groups(): ReadonlyMap<string, QueueGroup> {
    return this.groupsByName;
  }

  /** As the subscription limit counts them: offline durables included. */
  get count(): number {
    return this.stored.size;
  }

  /** The group of a subscription; undefined for one without a group. */
  groupOf(subscription: Subscription): QueueGroup | undefined {
    return subscription.isInGroup ? this.groupsByName.get(subscription.queueGroup) : undefined;
  }

  /** A durable without a queue group, online or not. */
  durable(key: string): Subscription | undefined {
    return this.durables.get(key);
  }

  find(inbox: string): Subscription | undefined {
    return this.byAckInbox.get(inbox) ?? this.byInbox.get(inbox);
  }

  /** True where somebody listens now: offline durables do not count. */
  get hasActive(): boolean {
    if (this.plainList.length > 0) return true;
    for (const group of this.groupsByName.values()) if (!group.isEmpty) return true;
    return false;
  }

  online(): Subscription[] {
    return [...this.plainList, ...[...this.groupsByName.values()].flatMap((group) => group.members)];
  }

  offline(): Subscription[] {
    const durables = [...this.durables.values()].filter((durable) => durable.isOffline);
    const groups = [...this.groupsByName.values()].flatMap((group) => group.offlineMember ?? []);
    return [...durables, ...groups];
  }

  /** Makes a subscription and stores it. */
  create(details: Omit<SubscriptionRecord, 'id' | 'isClosed'>): Subscription {
    const subscription = new Subscription(
      this.channel,
      { ...details, id: this.takeId(this.nextId), isClosed: false },
      this.table,
    );
    this.table.create(subscription.record);
    this.add(subscription);
    return subscription;
  }

  /** One that the store holds, with what it left unacked. It still has to be added, kept offline or forgotten. */
  recover(record: SubscriptionRecord, unacked: readonly number[]): Subscription {
    this.takeId(record.id);
    return new Subscription(this.channel, record, this.table, unacked);
  }

  /** Adds a subscription that is new to this process: just made, or found in the store. */
  add(subscription: Subscription): void {
    this.stored.add(subscription.id);
    if (subscription.isInGroup) {
      this.addMember(subscription);
      return;
    }
    this.addInboxes(subscription);
    this.plainList.push(subscription);
    if (subscription.durableKey !== '') this.durables.set(subscription.durableKey, subscription);
  }

  /** Adds a durable without a queue group that was found in the store and whose client is gone. */
  addOffline(durable: Subscription): void {
    durable.goOffline();
    this.stored.add(durable.id);
    this.durables.set(durable.durableKey, durable);
  }

  /** Brings a durable back that was offline. A member of a group is in its group already. */
  resume(subscription: Subscription): void {
    if (!subscription.isInGroup) this.plainList.push(subscription);
    this.addInboxes(subscription);
  }

  /** Takes an offline subscription out of everything but the durables and its group. */
  remove(subscription: Subscription): void {
    this.byAckInbox.delete(subscription.ackInbox);
    this.byInbox.delete(subscription.inbox);
    if (!subscription.isInGroup) removeFromList(this.plainList, subscription);
  }

  /** A subscription that does not come back: it leaves the store too. */
  forget(subscription: Subscription): void {
    this.stored.delete(subscription.id);
    this.durables.delete(subscription.durableKey);
    this.table.delete(subscription.id);
  }

  endGroup(group: QueueGroup): void {
    this.groupsByName.delete(group.name);
  }

  /** Ids are never given twice while the channel lives, not even across a restart. */
  private takeId(id: number): number {
    this.nextId = Math.max(this.nextId, id + 1);
    return id;
  }

  private addInboxes(subscription: Subscription): void {
    this.byAckInbox.set(subscription.ackInbox, subscription);
    this.byInbox.set(subscription.inbox, subscription);
  }

  private addMember(member: Subscription): void {
    let group = this.groupsByName.get(member.queueGroup);
    if (!group) this.groupsByName.set(member.queueGroup, (group = new QueueGroup(member.queueGroup)));
    if (!member.isOffline) this.addInboxes(member);
    group.join(member);
  }
}
