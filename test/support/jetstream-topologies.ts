// nats-server with JetStream as the nemesis needs it: one server, or a cluster of three that keeps each stream three times.
import { fresh } from './fresh.js';
import { jetStreamFacts } from './jetstream-broker.js';
import type { BrokerFacts } from './monitoring.js';
import type { RealServer } from './real-server.js';
import { startRealServer } from './real-server.js';
import type { Topology } from './topologies.js';
import { Mesh } from './topologies.js';
import { eventually } from './wait.js';

/** A topology whose facts are asked of all its servers: each knows only what it leads. */
export interface JetStreamTopology extends Topology {
  readonly facts: BrokerFacts;
}

/** Starts one server. */
export async function startJetStreamSingle(): Promise<JetStreamTopology> {
  const server = await startRealServer({ kind: 'jetstream' });
  return {
    ...{ name: 'single', clusterId: server.clusterId, nodes: [server], entrances: [server] },
    leader: () => Promise.resolve(server),
    ...{ partition: undefined, heal: () => undefined },
    facts: jetStreamFacts(() => [server.monitoringUrl]),
  };
}

/** Starts three servers that replace each other; resolves once they have a leader among them. */
export async function startJetStreamCluster(subject: string): Promise<JetStreamTopology> {
  const names = ['a', 'b', 'c'] as const;
  const mesh = await Mesh.create(names.length, { isFull: true });
  const nodes = await Promise.all(
    names.map((name, index) =>
      startRealServer({ kind: 'jetstream', args: ['-c', mesh.configOf(index), '--name', name] }),
    ),
  );
  const nodeOf = (name: string | undefined): RealServer | undefined => nodes.find((_, index) => names[index] === name);
  const leader = async (): Promise<RealServer> =>
    eventually(async () => nodeOf(await leaderOf(nodes, subject)) ?? false, {
      what: 'a leader',
      timeoutMs: 60_000,
      intervalMs: 25,
    });
  await leader();
  return {
    ...{ name: 'cluster', clusterId: fresh('cluster'), nodes, entrances: nodes, leader },
    partition: (node) => mesh.cutOff(nodes.indexOf(node)),
    heal: () => mesh.heal(),
    closeNetwork: () => mesh.close(),
    facts: jetStreamFacts(() => nodes.filter((node) => node.isRunning()).map(({ monitoringUrl }) => monitoringUrl)),
  };
}

interface Jsz {
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly config?: { readonly subjects?: readonly string[] };
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

/** Which server leads the stream of the subject, or all of them while there is no stream; as most of them see it. */
async function leaderOf(nodes: readonly RealServer[], subject: string): Promise<string | undefined> {
  const votes = new Map<string, number>();
  for (const node of nodes.filter((one) => one.isRunning())) {
    const name = await leaderSeenBy(node, subject);
    if (name !== undefined) votes.set(name, (votes.get(name) ?? 0) + 1);
  }
  const [most] = [...votes].sort(([, one], [, other]) => other - one);
  return most !== undefined && most[1] * 2 > nodes.length ? most[0] : undefined;
}

async function leaderSeenBy(node: RealServer, subject: string): Promise<string | undefined> {
  const url = `${node.monitoringUrl}/jsz?streams=1&config=1`;
  try {
    const answer = (await (await fetch(url, { signal: AbortSignal.timeout(500) })).json()) as Jsz;
    const streams = (answer.account_details ?? []).flatMap((account) => account.stream_detail ?? []);
    const stream = streams.find(({ config }) => config?.subjects?.includes(subject));
    return stream === undefined ? answer.meta_cluster?.leader : stream.cluster?.leader;
  } catch {
    // It is being started, or stands still.
    return undefined;
  }
}
