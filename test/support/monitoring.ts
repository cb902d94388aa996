import type { Subscriptionz } from 'nestjs-stan';
import { withDeadline } from './wait.js';

/** One subscription as `/streaming/channelsz?subs=1` shows it. */
export type SubscriptionFacts = Subscriptionz;

/** One channel as `/streaming/channelsz` shows it. */
export interface ChannelFacts {
  readonly name: string;
  readonly msgs: number;
  readonly bytes: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly subscriptions: readonly SubscriptionFacts[];
}

/** What a broker itself says, read straight from its endpoints and not through the library that is being tested. */
export interface BrokerFacts {
  /** The channel with its subscriptions, or `undefined` while nobody has used it. */
  channel(subject: string): Promise<ChannelFacts | undefined>;
  /** How many messages are stored in the channel: 0 for one that nobody has used. */
  storedCount(subject: string): Promise<number>;
  /** The channel's subscriptions; each member of a queue group has its own row. */
  subscriptions(subject: string): Promise<readonly SubscriptionFacts[]>;
  /** Deliveries of the channel that wait for an ack, all subscriptions together. */
  pendingCount(subject: string): Promise<number>;
  /** True when the channel has subscriptions and all of them are offline durables. */
  isOffline(subject: string): Promise<boolean>;
  /** The client ids that the server holds to be connected. */
  clientIds(): Promise<readonly string[]>;
}

/** Facts from the monitoring port at `monitoringUrl`, looked up again each time. */
export function brokerFacts(monitoringUrl: () => string): BrokerFacts {
  const get = (path: string) => fetchJson(`${monitoringUrl()}${path}`);

  const channel = async (subject: string) => {
    const found = (await get(`/streaming/channelsz?channel=${encodeURIComponent(subject)}&subs=1`)) as
      (Omit<ChannelFacts, 'subscriptions'> & { subscriptions?: SubscriptionFacts[] }) | undefined;
    return found && { ...found, subscriptions: found.subscriptions ?? [] };
  };
  const subscriptions = async (subject: string) => (await channel(subject))?.subscriptions ?? [];

  return {
    channel,
    subscriptions,
    storedCount: async (subject) => (await channel(subject))?.msgs ?? 0,
    pendingCount: async (subject) => (await subscriptions(subject)).reduce((sum, one) => sum + one.pending_count, 0),
    isOffline: async (subject) => {
      const all = await subscriptions(subject);
      return all.length > 0 && all.every((one) => one.is_durable && one.is_offline);
    },
    clientIds: async () => {
      const page = (await get('/streaming/clientsz?limit=10000')) as { clients?: { id: string }[] };
      return (page.clients ?? []).map(({ id }) => id);
    },
  };
}

async function fetchJson(url: string): Promise<unknown> {
  const read = async () => {
    const response = await fetch(url);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return response.json();
  };
  return withDeadline(read(), { what: `an answer from ${url}` });
}
