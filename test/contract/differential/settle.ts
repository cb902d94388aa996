import type { Group } from './group.js';
import type { ChannelRow, Monitor, SubscriptionRow } from './monitor.js';
import { eventually } from '../../support/wait.js';

const settleTimeoutMs = 10_000;

/** What the two servers must agree on about one channel, once it has come to rest. */
export interface ChannelSnapshot {
  readonly channel: string;
  readonly messages: string;
  readonly subscriptions: readonly string[];
}

/**
 * Waits until a trace's channels have come to rest: every live subscription is caught up or stalled, the server's
 * count of pending messages is what arrived here, and two looks in a row show the same. A rest that never comes is not
 * an error by itself; the snapshot then shows what hangs.
 */
export async function settle(
  monitor: Monitor,
  channels: readonly string[],
  groups: readonly Group[],
  prefix: string,
): Promise<readonly ChannelSnapshot[]> {
  let before = '';
  let rows: readonly ChannelRow[] = [];
  const look = async () => {
    const arrivals = groups.map(({ lastArrival }) => lastArrival).join();
    const found = await Promise.all(channels.map((channel) => monitor.channel(channel)));
    rows = found.filter((row) => row !== undefined);
    const now = JSON.stringify(rows) + arrivals;
    const isStable = now === before;
    before = now;
    return isStable && rows.every((row) => isAtRest(row, groups));
  };
  try {
    await eventually(look, { timeoutMs: settleTimeoutMs, intervalMs: 6 });
  } catch {
    // The snapshot below shows what did not come to rest.
  }
  return rows.map((row) => snapshot(row, prefix));
}

function isAtRest(row: ChannelRow, groups: readonly Group[]): boolean {
  const subscriptions = row.subscriptions ?? [];
  const byAckInbox = new Map(subscriptions.map((subscription) => [subscription.ack_inbox, subscription]));
  return groups.every((group) => {
    const open = group.openMembers.filter(({ step }) => row.name.endsWith(`.${step.channel}`));
    const shown = open.map(({ subscription }) => byAckInbox.get(subscription?.ackInbox ?? ''));
    const live = shown.filter((one) => one !== undefined);
    if (live.length === 0) return true;
    const lastSent = Math.max(...live.map(({ last_sent }) => last_sent));
    const isStalled = live.every((one) => one.is_stalled || one.pending_count >= one.max_inflight);
    if (lastSent < row.last_seq && !isStalled) return false;
    if (group.isLossy) return true;
    const pending = live.reduce((sum, { pending_count }) => sum + pending_count, 0);
    return pending === group.unacked.size && [...group.unacked.values()].every(({ isOpen }) => isOpen);
  });
}

function snapshot(row: ChannelRow, prefix: string): ChannelSnapshot {
  const subscriptions = row.subscriptions ?? [];
  const single = subscriptions.filter(({ queue_name }) => queue_name === undefined || queue_name === '');
  return {
    channel: row.name.replace(prefix, ''),
    messages: `${row.msgs} messages from ${row.first_seq} to ${row.last_seq}, ${row.bytes} bytes`,
    subscriptions: [
      ...single.map((one) => describe(one, prefix)),
      ...[...groupByQueue(subscriptions)].map(([name, members]) => describeQueue(name, members)),
    ].sort(),
  };
}

function groupByQueue(subscriptions: readonly SubscriptionRow[]): Map<string, SubscriptionRow[]> {
  const queues = new Map<string, SubscriptionRow[]>();
  for (const one of subscriptions) {
    if (one.queue_name === undefined || one.queue_name === '') continue;
    queues.set(one.queue_name, [...(queues.get(one.queue_name) ?? []), one]);
  }
  return queues;
}

function describe(one: SubscriptionRow, prefix: string): string {
  const words = [
    one.is_durable ? `durable ${one.durable_name ?? ''}` : 'plain',
    `of ${one.client_id.replace(prefix, '') || 'nobody'}`,
    one.is_offline ? 'offline' : 'online',
    one.is_stalled ? 'stalled' : 'flowing',
    `max ${one.max_inflight}, wait ${one.ack_wait}, sent ${one.last_sent}, pending ${one.pending_count}`,
  ];
  return words.join(', ');
}

function describeQueue(name: string, members: readonly SubscriptionRow[]): string {
  const sum = members.reduce((total, { pending_count }) => total + pending_count, 0);
  const lastSent = Math.max(...members.map(({ last_sent }) => last_sent));
  const isDurable = members.every(({ is_durable }) => is_durable);
  const offline = members.filter(({ is_offline }) => is_offline).length;
  return `queue ${name}, ${members.length} members (${offline} offline), durable ${isDurable}, sent ${lastSent}, pending ${sum}`;
}
