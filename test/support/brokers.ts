import type { StanDriverChoice } from 'nestjs-stan';
import type { StanBroker } from 'nestjs-stan/broker';
import { describe } from 'vitest';
import { startEmbeddedBroker } from './embedded-broker.js';
import type { BrokerFacts } from './monitoring.js';
import { brokerFacts } from './monitoring.js';
import type { ServerState } from './real-server.js';
import { startJetStreamBroker } from './jetstream-broker.js';
import { findRealServer, startRealServer } from './real-server.js';

/** What a broker can do; a suite asks for it and is shown as skipped where it is missing. */
export interface BrokerFeatures {
  /** Time stands still until `advance()` moves it. */
  readonly virtualClock: boolean;
  /** State can outlive a restart (asked for with `persistent: true`). */
  readonly persistent: boolean;
  /** It can be ended in the middle of anything and started again on the same port. */
  readonly restart: boolean;
  /** It can be stopped in its tracks with its connections open. */
  readonly freeze: boolean;
  /** A session is told apart from its transport: it can be lost, and made again with `sessionRestored`. */
  readonly sessions: boolean;
  /** A second live client of one id is refused, and so a durable without a group has one reader. */
  readonly clientIdIsExclusive: boolean;
  /** A client asks for the broker by a cluster id, and another cluster's broker does not answer it. */
  readonly clusterIds: boolean;
  /** Its wire is STAN's: the vendor's message class, and inboxes to which anybody can send. */
  readonly stanWire: boolean;
  /** It answers `/streaming/*`, from which `StanMonitoring` and `StanLag` read. */
  readonly stanMonitoring: boolean;
  /** It keeps `maxInFlight` of each member of a group itself. */
  readonly limitsMembers: boolean;
  /** An event that is sent again since its ack was lost is stored once. */
  readonly dedup: boolean;
  /** It can be asked to send a message again after a time. */
  readonly nack: boolean;
}

/** How a suite wants its broker. */
export interface TestBrokerOptions {
  /** @defaultValue 'test-cluster' */
  readonly clusterId?: string;
  /** Keeps its state on disk, where the broker can. @defaultValue true */
  readonly persistent?: boolean;
  /** The embedded broker's clock; a real server's is always real. @defaultValue 'virtual' */
  readonly clock?: 'virtual' | 'real';
  /** Server heartbeats. @defaultValue the server's own: 30 000 ms, 10 000 ms, 10 */
  readonly heartbeat?: { readonly intervalMs: number; readonly timeoutMs: number; readonly failCount: number };
  /** Channels at most; 0 means no limit. @defaultValue 0 */
  readonly maxChannels?: number;
  /** Messages at most in a channel. @defaultValue the server's own: 1 000 000 */
  readonly maxMessages?: number;
}

/** A running broker, whichever it is. */
export interface TestBroker {
  readonly name: 'embedded' | 'real' | 'jetstream';
  readonly features: BrokerFeatures;
  readonly clusterId: string;
  readonly port: number;
  readonly url: string;
  readonly monitoringUrl: string;
  /** What its monitoring endpoints say. */
  readonly facts: BrokerFacts;
  /** What a server or a client is given as its option `driver`. */
  readonly driver?: StanDriverChoice;
  /** What the commands have to be told by the environment, besides the URL. */
  readonly cliEnv?: Readonly<Record<string, string>>;
  /** The embedded broker itself, for faults that no other can make. */
  readonly embedded?: StanBroker;
  /** True while its time moves by `advance()` alone. */
  readonly hasVirtualClock: boolean;
  /** Moves a virtual clock; does nothing where time passes by itself. */
  advance(ms: number): Promise<void>;
  /** Ends it without a goodbye and starts it again on the same port, with or without what it had stored. */
  restart(options?: { readonly state?: ServerState }): Promise<void>;
  /** Ends it without a goodbye; `restart()` brings it back. */
  kill(): Promise<void>;
  /** Stops it in its tracks with open connections; resolves once it stands still. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends it and removes what it stored. Idempotent. */
  close(): Promise<void>;
}

/** One row of the table that a contract suite runs over. */
export interface BrokerRow {
  readonly name: 'embedded' | 'real' | 'jetstream';
  readonly title: string;
  readonly features: BrokerFeatures;
  /** Why it has not the features that others have, where that needs a word. */
  readonly lacks?: Partial<Record<keyof BrokerFeatures, string>>;
  /** Why this machine cannot run it, or `undefined`. */
  readonly missing: string | undefined;
  start(options?: TestBrokerOptions): Promise<TestBroker>;
}

const stanFeatures = {
  ...{ sessions: true, clientIdIsExclusive: true, clusterIds: true, stanWire: true, stanMonitoring: true },
  ...{ limitsMembers: true, dedup: false, nack: false },
};

/** What JetStream is not, and why; shown beside each case that is skipped for it. */
const missingInJetStream = {
  sessions: 'streams and consumers live on the server, and a connection is all that a client has',
  clientIdIsExclusive: 'a client id is a name in a list of connections; any number may have the same',
  clusterIds: 'a server is found by its address alone',
  stanWire: "the vendor's class is another one, and an inbox has a name that nobody can guess",
  stanMonitoring: 'its own endpoints are /jsz and /connz',
  limitsMembers: 'a group is one consumer with one limit, so each member keeps its own by what it asks for',
} as const satisfies Partial<Record<keyof BrokerFeatures, string>>;

const embedded: BrokerRow = {
  name: 'embedded',
  title: 'embedded broker',
  features: { virtualClock: true, persistent: true, restart: true, freeze: true, ...stanFeatures },
  missing: undefined,
  start: (options = {}) => startEmbeddedBroker(embedded.features, options),
};

const real: BrokerRow = {
  name: 'real',
  title: 'real nats-streaming-server',
  features: { virtualClock: false, persistent: true, restart: true, freeze: true, ...stanFeatures },
  missing: findRealServer() ? undefined : 'no nats-streaming-server here, see `npm run server:install`',
  start: (options = {}) => startRealBroker(options),
};

const jetstreamRow: BrokerRow = {
  name: 'jetstream',
  title: 'JetStream',
  features: {
    ...{ virtualClock: false, persistent: true, restart: true, freeze: true, dedup: true, nack: true },
    ...(Object.fromEntries(Object.keys(missingInJetStream).map((feature) => [feature, false])) as {
      [feature in keyof typeof missingInJetStream]: false;
    }),
  },
  lacks: missingInJetStream,
  missing: findRealServer('jetstream') ? undefined : 'no nats-server here, see `npm run server:install`',
  start: (options = {}) => startJetStreamBroker(jetstreamRow.features, options),
};

/** All brokers. */
export const brokers: readonly BrokerRow[] = [embedded, real, jetstreamRow];

/**
 * Declares `suite` once per broker. Where there is no real server its half is shown as skipped, with the reason in its
 * name; with `CI=true` that is an error instead.
 */
export function describeBrokers(
  title: string,
  suite: (row: BrokerRow) => void,
  rows = brokers,
  needs: readonly (keyof BrokerFeatures)[] = [],
): void {
  for (const row of rows.filter(isWanted)) {
    if (row.missing && process.env['CI'] === 'true') throw new Error(`${row.title} is missing in CI: ${row.missing}`);
    const absent = needs.find((feature) => !row.features[feature]);
    const reason = row.missing ?? (absent && whyWithout(row, absent));
    if (reason !== undefined) describe.skip(`${title} | ${row.title} (skipped: ${reason})`, () => suite(row));
    else describe(`${title} | ${row.title}`, () => suite(row));
  }
}

/** Why a case that needs a feature is not run there. */
export function whyWithout({ lacks }: BrokerRow, feature: keyof BrokerFeatures): string {
  const why = lacks?.[feature];
  return why === undefined ? `no ${feature}` : `no ${feature}: ${why}`;
}

/** A vitest project runs the rows that `TEST_BROKERS` names, joined by commas; all of them where it is absent. */
function isWanted({ name }: BrokerRow): boolean {
  const wanted = process.env['TEST_BROKERS'];
  return wanted === undefined || wanted.split(',').includes(name);
}

async function startRealBroker(options: TestBrokerOptions): Promise<TestBroker> {
  const { heartbeat, persistent = true, maxChannels = 0, maxMessages } = options;
  const server = await startRealServer({
    store: persistent ? 'file' : 'memory',
    args: ['-mc', String(maxChannels), ...(maxMessages === undefined ? [] : ['-mm', String(maxMessages)])],
    ...(options.clusterId && { clusterId: options.clusterId }),
    ...(heartbeat && {
      heartbeat: {
        interval: `${heartbeat.intervalMs}ms`,
        timeout: `${heartbeat.timeoutMs}ms`,
        failCount: heartbeat.failCount,
      },
    }),
  });
  return {
    name: 'real',
    features: real.features,
    hasVirtualClock: false,
    clusterId: server.clusterId,
    port: server.port,
    url: server.url,
    get monitoringUrl() {
      return server.monitoringUrl;
    },
    facts: brokerFacts(() => server.monitoringUrl),
    advance: () => Promise.resolve(),
    restart: (how) => server.restart(how),
    kill: () => server.kill(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    close: () => server.close(),
  };
}
