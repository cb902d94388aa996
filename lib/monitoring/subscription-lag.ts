import type { Channelz, Subscriptionz } from './streaming-facts.js';

/**
 * How far one subscription is behind: a whole queue group, a durable, or a plain subscription. Unit of all counts: events.
 * @publicApi
 */
export interface SubscriptionLag {
  readonly subject: string;
  readonly queueGroup?: string;
  readonly durableName?: string;
  /** Outside of a queue group, where a subscription belongs to its client. */
  readonly clientId?: string;
  /** Those that are subscribed now: 0 for a durable that is offline. */
  readonly members: number;
  /** True for a durable that nobody is subscribed to. */
  readonly isOffline: boolean;
  /** Stored, and never sent to it. */
  readonly behind: number;
  /** Sent to it, and not acked: running, waiting or failed there. */
  readonly unacked: number;
  /** What is still to be handled: `behind + unacked`. */
  readonly total: number;
  /** Dropped by the channel's limits before they could be sent to it. */
  readonly lost: number;
}

/**
 * Which subscription is meant. In a queue group all members together; a durable or a plain subscription belongs to a
 * client id, which may be left out where only one client has it.
 * @publicApi
 */
export interface LagOf {
  readonly queueGroup?: string | undefined;
  readonly durableName?: string | undefined;
  readonly clientId?: string | undefined;
}

/** The rows that are one subscription, by what tells it from the others of its channel. */
export function groupRows(rows: readonly Subscriptionz[]): Map<string, Subscriptionz[]> {
  const groups = new Map<string, Subscriptionz[]>();
  for (const row of rows) {
    const key = JSON.stringify(
      isSet(row.queue_name) ? [row.queue_name] : [row.client_id, row.durable_name ?? row.ack_inbox],
    );
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [row]);
    else members.push(row);
  }
  return groups;
}

export function isMeant(row: Subscriptionz, { queueGroup, durableName, clientId }: LagOf): boolean {
  if (queueGroup !== undefined)
    return row.queue_name === (durableName === undefined ? queueGroup : `${durableName}:${queueGroup}`);
  if (isSet(row.queue_name) || (clientId !== undefined && row.client_id !== clientId)) return false;
  return durableName === undefined ? !isSet(row.durable_name) : row.durable_name === durableName;
}

/**
 * The sequence up to which a group was sent to is that of its member that is furthest. What the channel's limits have
 * dropped can no longer come, whoever has not got it.
 */
export function lagOfRows(channel: Channelz, rows: readonly Subscriptionz[]): SubscriptionLag {
  const lastSent = Math.max(...rows.map((row) => row.last_sent));
  const dropped = Math.max(0, channel.first_seq - 1);
  const behind = Math.max(0, channel.last_seq - Math.max(lastSent, dropped));
  const unacked = rows.reduce((sum, row) => sum + row.pending_count, 0);
  return {
    subject: channel.name,
    ...identityOf(rows),
    members: rows.filter((row) => !row.is_offline).length,
    isOffline: rows.every((row) => row.is_offline),
    ...{ behind, unacked, total: behind + unacked },
    lost: Math.max(0, dropped - lastSent),
  };
}

function identityOf([row]: readonly Subscriptionz[]): Pick<SubscriptionLag, 'queueGroup' | 'durableName' | 'clientId'> {
  if (row === undefined) return {};
  const { queue_name: queueName, durable_name: durableName, client_id: clientId, is_durable: isDurable } = row;
  if (!isSet(queueName)) return { clientId, ...(isSet(durableName) && { durableName }) };
  // The durable name has no ":", the name of the group may have some.
  const colon = isDurable ? queueName.indexOf(':') : -1;
  if (colon === -1) return { queueGroup: queueName };
  return { queueGroup: queueName.slice(colon + 1), durableName: queueName.slice(0, colon) };
}

/** The server leaves a name out, the embedded broker too; an empty one is none. */
function isSet(name: string | undefined): name is string {
  return name !== undefined && name !== '';
}
