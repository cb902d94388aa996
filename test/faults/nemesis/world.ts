import { startJetStreamCluster, startJetStreamSingle } from '../../support/jetstream-topologies.js';
import type { BrokerFacts } from '../../support/monitoring.js';
import { brokerFacts } from '../../support/monitoring.js';
import type { RealServer, ServerState } from '../../support/real-server.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import type { Topology, TopologyName, TopologyOptions } from '../../support/topologies.js';
import { closeTopology, startTopology } from '../../support/topologies.js';
import { eventually } from '../../support/wait.js';
import { Child } from './child.js';
import type { Consumer } from './history.js';
import { consumers, openHistory } from './history.js';
import { openServerRecord, traceFlags } from './server-record.js';
import type { BrokerName } from './scene.js';

export type ChildName = Consumer | 'publisher';
const childNames: readonly ChildName[] = [...consumers, 'publisher'];

const subject = 'orders';

/** Where a run is written down, and what it is made of. */
export interface WorldOptions {
  readonly historyFile: string;
  /** For the traces of a cluster's servers. */
  readonly serverRecordFile: string;
  readonly seed: number;
  readonly topology: TopologyName;
  readonly broker: BrokerName;
}

/** Everything that a run is made of: servers, and for each process a proxy of its own in front of them. */
export class World {
  readonly facts: BrokerFacts;
  /** How many nodes did not end when they were asked to, and were killed. */
  unfinishedStops = 0;
  private leader: RealServer;

  private constructor(
    readonly topology: Topology,
    readonly server: RealServer,
    private readonly proxies: ReadonlyMap<ChildName, TcpProxy>,
    private readonly children: ReadonlyMap<ChildName, Child>,
    readonly record: ReturnType<typeof openHistory>,
    facts?: BrokerFacts,
  ) {
    this.leader = server;
    this.facts = facts ?? brokerFacts(() => this.leader.monitoringUrl);
  }

  /** The servers and their proxies; no other process yet. */
  static async create(options: WorldOptions): Promise<World> {
    const { historyFile, serverRecordFile, seed, topology: name, broker } = options;
    const record = openHistory(historyFile);
    const heartbeat = { interval: '2s', timeout: '1s', failCount: 3 };
    const keep = openServerRecord(serverRecordFile);
    const takeLine: TopologyOptions['takeLine'] = (line, server) => keep(line, server.port);
    const isCluster = name === 'cluster';
    const jetStream =
      broker === 'jetstream' && (await (isCluster ? startJetStreamCluster(subject) : startJetStreamSingle()));
    const topology =
      jetStream || (await startTopology(name, { heartbeat, ...(isCluster && { args: traceFlags, takeLine }) }));
    const { entrances, clusterId } = topology;
    const proxies = new Map<ChildName, TcpProxy>();
    const children = new Map<ChildName, Child>();
    for (const name of childNames) {
      const place = childNames.indexOf(name);
      const proxy = await startTcpProxy(() => entranceFor(place, entrances).port);
      proxies.set(name, proxy);
      const common = {
        ...{ url: proxy.url, clusterId, subject, historyFile, broker },
        replicas: isCluster ? 3 : 1,
      } as const;
      const childSeed = seed * 7_919 + 1_000 * place;
      children.set(name, new Child({ ...common, process: name, seed: childSeed }, record));
    }
    const server = await topology.leader();
    return new World(topology, server, proxies, children, record, jetStream ? jetStream.facts : undefined);
  }

  /** Starts all processes; resolves when every one is connected. */
  async start(): Promise<void> {
    for (const [index, entrance] of this.topology.entrances.entries())
      await this.tellServer(index === 0 ? 'lost' : 'kept', entrance);
    // The publisher last: its events are for durables that exist.
    for (const name of childNames) await this.startChild(name);
  }

  child(name: ChildName): Child {
    return present(this.children.get(name));
  }

  proxy(name: ChildName): TcpProxy {
    return present(this.proxies.get(name));
  }

  async startChild(name: ChildName): Promise<void> {
    this.child(name).start();
    await this.child(name).whenSaid('ready', 40_000);
  }

  /** Ends the server without a goodbye, leaves it away for as long as `away` takes, and starts it again. */
  async restartServer(state: ServerState, away: () => Promise<void>): Promise<void> {
    await this.server.kill();
    this.record({ type: 'serverGone' });
    await away();
    await this.server.restart({ state });
    await this.tellServer(state, this.server);
  }

  /** Ends one node of several, leaves it away for as long as `away` takes, and starts it again with its state. */
  async restartNode(node: RealServer, how: 'kill' | 'stop', away: () => Promise<void>): Promise<void> {
    // A node of a cluster may never come to the end of its shutdown [STAN-FO-7]; elsewhere that would be a finding.
    const patience = this.topology.name === 'cluster' ? { killAfterMs: 10_000 } : {};
    if (how === 'kill') await node.kill();
    else if (!(await node.stop(patience))) this.unfinishedStops += 1;
    await away();
    await node.start();
    if (this.topology.entrances.includes(node)) await this.tellServer('kept', node);
    await this.topology.leader();
  }

  /**
   * Has the publisher pause until the server confirms that everything was delivered to every subscription and acked, and
   * writes that down.
   */
  async drain(): Promise<void> {
    this.child('publisher').command('pause');
    await this.child('publisher').whenSaid('paused', 30_000);
    await this.whenDrained();
    this.child('publisher').command('resume');
  }

  /** Ends everything in order; what does not end by itself is an error. */
  async end(): Promise<void> {
    this.child('publisher').command('end');
    await this.child('publisher').whenSaid('closed', 30_000);
    await this.whenDrained();
    for (const name of consumers) {
      this.child(name).command('end');
      await this.child(name).whenSaid('closed', 30_000);
    }
    await Promise.all(childNames.map((name) => this.child(name).exited()));
    // A close that met no leader is not confirmed, and says so: the server lets go of that client once heartbeats fail.
    const isUnconfirmed = consumers.some((name) =>
      this.child(name).output.some((line) => line.includes('did not confirm the close of the session')),
    );
    await eventually(() => this.checkNoClientLeft(), {
      what: 'the server to know no client after all have closed',
      timeoutMs: isUnconfirmed ? 30_000 : 100,
      intervalMs: 100,
    });
  }

  private async checkNoClientLeft(): Promise<void> {
    this.leader = await this.topology.leader();
    const left = await this.facts.clientIds();
    if (left.length > 0) throw new Error(`the server still knows ${left.join(', ')} after all have closed`);
  }

  /** The last lines of every process, for a failure. */
  describeOutput(): string[] {
    const ofChildren = [...this.children.values()].flatMap(({ name, output }) => [`--- ${name}`, ...output]);
    return [...ofChildren, ...this.topology.nodes.map((node) => node.describeLog(40))];
  }

  /** Kills what still runs and removes the server's files. */
  async dispose(): Promise<void> {
    this.killNow();
    await closeTopology(this.topology);
    for (const proxy of this.proxies.values()) await proxy.close();
  }

  /** For the end of this process, where nothing can be awaited any more: no child outlives it. */
  killNow(): void {
    for (const child of this.children.values()) child.signal('SIGKILL');
  }

  private async whenDrained(): Promise<void> {
    await eventually(() => this.checkDrained(), {
      what: 'everything to be handled',
      timeoutMs: 90_000,
      intervalMs: 100,
    });
  }

  private async checkDrained(): Promise<boolean> {
    this.leader = await this.topology.leader();
    const at = Date.now();
    const channel = await this.facts.channel(subject);
    // JetStream keeps for a while what a killed process has read with no durable; nobody will read on.
    const subscriptions = (channel?.subscriptions ?? []).filter((one) => one.is_durable || !one.is_offline);
    const group = subscriptions.filter(({ queue_name }) => queue_name);
    const ofOne = subscriptions.filter(({ queue_name }) => !queue_name);
    const groupSent = Math.max(0, ...group.map(({ last_sent }) => last_sent));
    const upToDate = (sent: number) => sent === channel?.last_seq;
    const drained =
      ofOne.length === 2 * consumers.length &&
      ofOne.every(({ last_sent }) => upToDate(last_sent)) &&
      upToDate(groupSent) &&
      subscriptions.every(({ pending_count }) => pending_count === 0);
    if (drained) this.record({ type: 'drained' }, at);
    return drained;
  }

  private async tellServer(state: ServerState, entrance: RealServer): Promise<void> {
    const about = (await (await fetch(`${entrance.monitoringUrl}/varz`)).json()) as { server_id: string };
    this.record({ type: 'server', server: about.server_id, state });
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('no such process');
  return value;
}

/** Each process goes to another NATS server, and to the next one while that is away. */
function entranceFor(place: number, entrances: readonly RealServer[]): RealServer {
  const inOrder = entrances.map((_, index) => entrances[(place + index) % entrances.length]);
  return present(inOrder.find((entrance) => entrance?.isRunning()) ?? inOrder[0]);
}
