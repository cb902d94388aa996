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
  /** A session is told apart from its transport: it can be lost, and made anew with `sessionRestored`. */
  readonly sessions: boolean;
  /** A second live client of one id is refused, and so a durable without a group has one reader. */
  readonly clientIdIsExclusive: boolean;
  /** Its wire is STAN's: the vendor's message class, its inboxes, `/streaming/*`, cluster ids. */
  readonly stanWire: boolean;
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
  /** Why this machine cannot run it, or `undefined`. */
  readonly missing: string | undefined;
  start(options?: TestBrokerOptions): Promise<TestBroker>;
}

const stanFeatures = { sessions: true, clientIdIsExclusive: true, stanWire: true, dedup: false, nack: false };

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
    ...{ virtualClock: false, persistent: true, restart: true, freeze: true },
    ...{ sessions: false, clientIdIsExclusive: false, stanWire: false, dedup: true, nack: true },
  },
  missing: findRealServer('jetstream') ? undefined : 'no nats-server here, see `npm run server:install`',
  start: (options = {}) => startJetStreamBroker(jetstreamRow.features, options),
};

/** All brokers. */
export const brokers: readonly BrokerRow[] = [embedded, real, jetstreamRow];

/**
 * Declares `suite` once per broker. Where there is no real server its half is shown as skipped, with the reason in its
 * name; with `CI=true` that is an error instead.
 */
export function describeBrokers(title: string, suite: (row: BrokerRow) => void, rows = brokers): void {
  for (const row of rows.filter(isWanted)) {
    if (row.missing && process.env['CI'] === 'true') throw new Error(`${row.title} is missing in CI: ${row.missing}`);
    if (row.missing) describe.skip(`${title} | ${row.title} (skipped: ${row.missing})`, () => suite(row));
    else describe(`${title} | ${row.title}`, () => suite(row));
  }
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
