import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StanBroker } from 'nestjs-stan/broker';

/** The flags `-hbi`, `-hbt` and `-hbf` of a STAN server. */
export interface Heartbeats {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly failCount: number;
}

/** What a server does when no flag is given. */
export const defaultHeartbeats: Heartbeats = { intervalMs: 30_000, timeoutMs: 10_000, failCount: 10 };

/** The course's choice: `-hbi 5s -hbt 5s -hbf 2`. */
export const tunedHeartbeats: Heartbeats = { intervalMs: 5_000, timeoutMs: 5_000, failCount: 2 };

/** A client that the server has closed without being asked to. */
export interface NoticedDeath {
  /** By the server's clock. */
  readonly atMs: number;
  /** Events that it had been sent until then. */
  readonly sentCount: number;
}

/** The STAN server that a demo runs on. */
export interface DemoServer {
  readonly url: string;
  readonly clusterId: string;
  /** True on the embedded broker: time stands still there until {@link DemoServer.pass} moves it. */
  readonly hasVirtualClock: boolean;
  /** The ack wait of the demos: the course's 30 s where time can be moved, 2 s where it has to be waited for. */
  readonly ackWaitMs: number;
  /** A channel of this run alone. */
  channel(subject: string): string;
  /** The server's clock, in milliseconds since the start of the demo. */
  now(): number;
  /** Lets time pass on the server: at once with the embedded broker, by waiting with any other. */
  pass(ms: number): Promise<void>;
  /** Events that the server has sent to the client so far, redeliveries not counted; 0 where it cannot be known. */
  sentTo(clientId: string): number;
  /** How the server gave the client up; undefined while it holds it to be alive, or where it cannot be known. */
  deathOf(clientId: string): NoticedDeath | undefined;
  close(): Promise<void>;
}

/** The server of `NATS_URL` where that is set; an embedded broker of its own for everybody who asks otherwise. */
export async function startDemoServer(heartbeats: Heartbeats = defaultHeartbeats): Promise<DemoServer> {
  const url = process.env['NATS_URL'];
  return url ? serverThatRuns(url) : startEmbedded(heartbeats);
}

/** True when the demos run on a server that is there already, with heartbeats and a clock of its own. */
export function runsOnGivenServer(): boolean {
  return Boolean(process.env['NATS_URL']);
}

async function startEmbedded({ intervalMs, timeoutMs, failCount }: Heartbeats): Promise<DemoServer> {
  const broker = await StanBroker.start({
    port: 0,
    clock: 'virtual',
    heartbeatIntervalMs: intervalMs,
    heartbeatTimeoutMs: timeoutMs,
    maxFailedHeartbeats: failCount,
  });
  let nowMs = 0;
  const deaths = new Map<string, NoticedDeath>();
  const sent = new Map<string, number>();
  const sentTo = (clientId: string) => sent.get(clientId) ?? 0;
  broker.observe((event) => {
    if (event.type === 'delivered' && event.redeliveryCount === 0) sent.set(event.clientId, sentTo(event.clientId) + 1);
    if (event.type === 'clientClosed' && event.reason !== 'request') {
      deaths.set(event.clientId, { atMs: nowMs, sentCount: sentTo(event.clientId) });
    }
  });
  return {
    url: broker.url,
    clusterId: broker.clusterId,
    hasVirtualClock: true,
    ackWaitMs: 30_000,
    channel: (subject) => subject,
    now: () => nowMs,
    pass: async (ms) => {
      nowMs += ms;
      await broker.advance(ms);
    },
    sentTo,
    deathOf: (clientId) => deaths.get(clientId),
    close: () => broker.close(),
  };
}

function serverThatRuns(url: string): DemoServer {
  const startedMs = performance.now();
  // Channels stay at a real server, and so do their events: those of an earlier run must not count in this one.
  const run = randomBytes(3).toString('hex');
  return {
    url,
    clusterId: process.env['NATS_CLUSTER_ID'] || 'test-cluster',
    hasVirtualClock: false,
    ackWaitMs: 2_000,
    channel: (subject) => `demo:${subject}:${run}`,
    now: () => performance.now() - startedMs,
    pass: (ms) => sleep(ms),
    sentTo: () => 0,
    deathOf: () => undefined,
    close: () => Promise.resolve(),
  };
}
