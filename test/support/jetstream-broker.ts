import { jetstream } from 'nestjs-stan/jetstream';
import type { BrokerFeatures, TestBroker, TestBrokerOptions } from './brokers.js';
import type { BrokerFacts, ChannelFacts, SubscriptionFacts } from './monitoring.js';
import { startRealServer } from './real-server.js';
import { withDeadline } from './wait.js';

/** Starts nats-server with JetStream as a broker of the contract suites. */
export async function startJetStreamBroker(features: BrokerFeatures, options: TestBrokerOptions): Promise<TestBroker> {
  const server = await startRealServer({ kind: 'jetstream' });
  const { maxMessages } = options;
  return {
    name: 'jetstream',
    features,
    hasVirtualClock: false,
    clusterId: options.clusterId ?? 'test-cluster',
    driver: jetstream({ stream: { ...(maxMessages !== undefined && { maxMessages }) } }),
    cliEnv: { NATS_DRIVER: 'jetstream' },
    port: server.port,
    url: server.url,
    get monitoringUrl() {
      return server.monitoringUrl;
    },
    facts: jetStreamFacts(() => [server.monitoringUrl]),
    advance: () => Promise.resolve(),
    restart: (how) => server.restart(how ?? { state: options.persistent === false ? 'lost' : 'kept' }),
    kill: () => server.kill(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    close: () => server.close(),
  };
}

interface ConsumerDetail {
  readonly name: string;
  readonly cluster?: { readonly leader?: string };
  readonly config: { readonly filter_subject?: string; readonly ack_wait: number; readonly max_ack_pending: number } & {
    readonly metadata?: Readonly<Record<string, string>>;
  };
  readonly num_ack_pending: number;
  readonly num_waiting: number;
  readonly delivered: { readonly stream_seq: number };
}

interface StreamDetail {
  readonly name: string;
  readonly cluster?: { readonly leader?: string };
  readonly config: { readonly subjects?: readonly string[] };
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
  };
  readonly consumer_detail?: readonly ConsumerDetail[];
}

/**
 * The same facts as STAN's monitoring gives, from `/jsz` and `/connz` of all servers. In a cluster the leader of a stream,
 * and of a consumer, is the one that knows.
 */
export function jetStreamFacts(monitoringUrls: () => readonly string[]): BrokerFacts {
  const get = async (url: string, path: string): Promise<unknown> => {
    const read = async () => (await fetch(`${url}${path}`)).json();
    return withDeadline(read(), { what: `an answer from ${path}` });
  };
  const ofAll = (path: string) => Promise.all(monitoringUrls().map((url) => get(url, path)));
  const stream = async (subject: string): Promise<StreamDetail | undefined> => {
    const names = (await ofAll('/varz')) as { server_name: string }[];
    const answers = (await ofAll('/jsz?streams=1&consumers=1&config=1')) as {
      account_details?: { stream_detail?: StreamDetail[] }[];
    }[];
    const isLed = ({ cluster }: { readonly cluster?: { readonly leader?: string } }, index: number) =>
      answers.length === 1 || cluster?.leader === names[index]?.server_name;
    const found = answers.flatMap(({ account_details: accounts = [] }, index) =>
      accounts
        .flatMap((one) => one.stream_detail ?? [])
        .filter(({ config }) => config.subjects?.includes(subject))
        .map((detail) => ({ detail, index })),
    );
    const consumers = found.flatMap(({ detail, index }) =>
      (detail.consumer_detail ?? []).filter((consumer) => isLed(consumer, index)),
    );
    const leading = found.find(({ detail, index }) => isLed(detail, index));
    return leading && { ...leading.detail, consumer_detail: consumers };
  };
  const channel = async (subject: string): Promise<ChannelFacts | undefined> => {
    const found = await stream(subject);
    if (found === undefined) return undefined;
    const { messages: msgs, bytes, first_seq, last_seq } = found.state;
    return {
      ...{ name: subject, msgs, bytes, first_seq, last_seq },
      subscriptions: (found.consumer_detail ?? []).map(toSubscription),
    };
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
      const answers = (await ofAll('/connz?limit=10000')) as { connections?: { name?: string }[] }[];
      return answers.flatMap(({ connections = [] }) => connections.map(({ name = '' }) => name));
    },
  };
}

function toSubscription(detail: ConsumerDetail): SubscriptionFacts {
  const { config, num_ack_pending: pending, num_waiting: waiting, delivered } = detail;
  const of = (name: string) => config.metadata?.[`nestjs-stan.${name}`] ?? '';
  const [durable, group] = [of('durable'), of('group')];
  return {
    client_id: of('client'),
    inbox: '',
    ack_inbox: '',
    durable_name: durable,
    queue_name: group === '' ? '' : durable === '' ? group : `${durable}:${group}`,
    is_durable: durable !== '',
    is_offline: waiting === 0,
    max_inflight: config.max_ack_pending,
    ack_wait: Math.round(config.ack_wait / 1e9),
    last_sent: delivered.stream_seq,
    pending_count: pending,
    is_stalled: false,
  };
}
