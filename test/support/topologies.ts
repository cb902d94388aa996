// The three ways in which STAN outlives a machine, on real servers: a raft cluster of three, a fault tolerance group of
// two on one store, and a STAN server behind a NATS server. In all of them STAN can die while the NATS connection lives.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpAfterTest } from './cleanup.js';
import { freePort } from './free-port.js';
import { fresh } from './fresh.js';
import { ServerDatabase, sqlStoreUrl } from './postgres/server-database.js';
import type { RealServer, RealServerOptions } from './real-server.js';
import { startRealServer } from './real-server.js';
import { startTcpProxy } from './tcp-proxy.js';
import type { TcpProxy } from './tcp-proxy.js';
import { eventually } from './wait.js';

export const topologyNames = ['cluster', 'ft', 'behind-nats'] as const;
/** `single`: one server with its NATS server inside, for comparison. */
export type TopologyName = (typeof topologyNames)[number] | 'single';

/** What a topology is started with. */
export interface TopologyOptions {
  readonly heartbeat?: RealServerOptions['heartbeat'];
  /** More flags for every STAN server. */
  readonly args?: readonly string[];
  readonly takeLine?: RealServerOptions['takeLine'];
}

/** STAN servers that replace each other, and the NATS servers through which clients reach them. */
export interface Topology {
  readonly name: TopologyName;
  readonly clusterId: string;
  /** Every server that may be, or become, the one that serves. */
  readonly nodes: readonly RealServer[];
  /** The NATS servers, in the order of `nodes` where each has one of its own. */
  readonly entrances: readonly RealServer[];
  /** The node that serves now; waits for it. */
  leader(): Promise<RealServer>;
  /** Cuts a node off from the others, without a sign, until `heal()`; undefined where nothing connects them. */
  readonly partition: ((node: RealServer) => void) | undefined;
  heal(): void;
  /** Ends what lies between the servers; outside of a test it would keep the process alive. */
  readonly closeNetwork?: () => Promise<void>;
}

/** Starts a topology and waits until it serves. Closed when the test ends; elsewhere by `closeTopology`. */
export function startTopology(name: TopologyName, options: TopologyOptions = {}): Promise<Topology> {
  return starts[name](options);
}

export async function closeTopology({ nodes, entrances, heal, closeNetwork }: Topology): Promise<void> {
  heal();
  await closeNetwork?.();
  for (const server of new Set([...nodes, ...entrances])) await server.close();
}

const starts: Record<TopologyName, (options: TopologyOptions) => Promise<Topology>> = {
  single: startSingle,
  cluster: startCluster,
  ft: startFaultToleranceGroup,
  'behind-nats': startBehindNats,
};

async function startSingle({ heartbeat, args = [], takeLine }: TopologyOptions): Promise<Topology> {
  const server = await startRealServer({
    ...(heartbeat && { heartbeat }),
    ...(takeLine && { takeLine }),
    args,
  });
  const leader = (): Promise<RealServer> => theOne([server], async (node) => (await serverz(node)) !== undefined);
  return {
    ...{ name: 'single', clusterId: server.clusterId, nodes: [server], entrances: [server], leader },
    ...{ partition: undefined, heal: () => undefined },
  };
}

async function startCluster({ heartbeat, args = [], takeLine }: TopologyOptions): Promise<Topology> {
  const [clusterId, names] = [fresh('cluster'), ['a', 'b', 'c'] as const];
  const mesh = await Mesh.create(names.length);
  const nodes = await Promise.all(
    names.map((name, index) =>
      startRealServer({
        clusterId,
        ...(heartbeat && { heartbeat }),
        ...(takeLine && { takeLine }),
        readyWhen: 'Message store is',
        args: [
          ...['-c', mesh.configOf(index), '--clustered', '--cluster_node_id', name],
          ...['--cluster_peers', names.filter((other) => other !== name).join()],
          ...['--cluster_log_path', join(mesh.folder, `raft-${name}`), ...args],
        ],
      }),
    ),
  );
  const leader = (): Promise<RealServer> => theOne(nodes, async (node) => (await serverz(node))?.role === 'Leader');
  await leader();
  return {
    ...{ name: 'cluster', clusterId, nodes, entrances: nodes, leader },
    partition: (node) => mesh.cutOff(nodes.indexOf(node)),
    heal: () => mesh.heal(),
    closeNetwork: () => mesh.close(),
  };
}

async function startFaultToleranceGroup({ heartbeat, args = [], takeLine }: TopologyOptions): Promise<Topology> {
  const clusterId = fresh('cluster');
  const mesh = await Mesh.create(2);
  const store = await sharedStore(mesh.folder);
  const start = (index: number): Promise<RealServer> =>
    startRealServer({
      ...{ clusterId, store: 'given', readyWhen: 'Starting in standby mode' },
      ...(heartbeat && { heartbeat }),
      ...(takeLine && { takeLine }),
      args: [...mesh.flagsOf(index), '--ft_group', 'group', ...store, ...args],
    });
  const first = await start(0);
  // Both would become active on the empty table of a SQL store's lock [STAN-SQL-2].
  await theOne([first], isFtActive);
  const nodes = [first, await start(1)];
  const leader = (): Promise<RealServer> => theOne(nodes, isFtActive);
  await leader();
  const cut = (): void => mesh.cutOff(0);
  return {
    ...{ name: 'ft', clusterId, nodes, entrances: nodes, leader },
    ...{ partition: cut, heal: () => mesh.heal(), closeNetwork: () => mesh.close() },
  };
}

/** The flags of one store for two servers. */
async function sharedStore(folder: string): Promise<readonly string[]> {
  const url = sqlStoreUrl();
  if (url === undefined) return ['-st', 'FILE', '--dir', join(folder, 'store')];
  const database = await ServerDatabase.create(url);
  cleanUpAfterTest(() => database.drop());
  return database.flags;
}

async function startBehindNats({ heartbeat, args = [], takeLine }: TopologyOptions): Promise<Topology> {
  const clusterId = fresh('cluster');
  // Another STAN server, of which the NATS server inside is used alone.
  const nats = await startRealServer({ store: 'memory' });
  // Between the two: what a network between them would do.
  const link = await startTcpProxy(() => nats.port);
  const node = await startRealServer({
    clusterId,
    ...(heartbeat && { heartbeat }),
    ...(takeLine && { takeLine }),
    args: ['-ns', link.url, ...args],
  });
  const leader = (): Promise<RealServer> => theOne([node], async () => (await serverz(node)) !== undefined);
  return {
    ...{ name: 'behind-nats', clusterId, nodes: [node], entrances: [nats], leader },
    partition: () => link.swallow(),
    heal: () => link.restore(),
    closeNetwork: () => link.close(),
  };
}

/** The NATS routes between the servers of a group, each through a proxy, so that one can be cut off. */
export class Mesh {
  readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-topology-'));
  private readonly links: { readonly pair: readonly number[]; readonly proxy: TcpProxy }[] = [];
  private readonly ports: number[] = [];

  /** `isFull`: each server has routes to all others, as JetStream asks for; otherwise to those before it. */
  static async create(count: number, { isFull = false }: { readonly isFull?: boolean } = {}): Promise<Mesh> {
    const mesh = new Mesh();
    cleanUpAfterTest(() => rmSync(mesh.folder, { recursive: true, force: true, maxRetries: 5 }));
    for (let index = 0; index < count; index += 1) mesh.ports.push(await freePort());
    for (let from = 0; from < count; from += 1) {
      for (let to = 0; to < (isFull ? count : from); to += 1) {
        if (to === from) continue;
        const proxy = await startTcpProxy(() => mesh.ports[to] ?? 0);
        mesh.links.push({ pair: [from, to], proxy });
      }
    }
    return mesh;
  }

  /** The path of a configuration file with the routes of one server, each through its proxy. */
  configOf(index: number): string {
    const routes = this.links.filter(({ pair }) => pair[0] === index).map(({ proxy }) => `"${proxy.url}"`);
    const path = join(this.folder, `nats-${index}.conf`);
    // Servers tell each other of routes, and clients of servers: neither may be gone around the proxies.
    const lines = [
      `cluster {`,
      `  name: mesh`,
      `  listen: "127.0.0.1:${this.ports[index]}"`,
      `  cluster_advertise: "127.0.0.1:1"`,
      `  no_advertise: true`,
      `  routes: [${routes.join(', ')}]`,
      `}`,
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }

  /** The same as flags, which a server outside of a raft cluster needs: it takes `cluster` in a file for one of its own. */
  flagsOf(index: number): string[] {
    const routes = this.links.filter(({ pair }) => pair[0] === index).map(({ proxy }) => proxy.url);
    const listen = ['--no_advertise', '--cluster', `nats://127.0.0.1:${this.ports[index]}`];
    return routes.length === 0 ? listen : [...listen, '--routes', routes.join()];
  }

  cutOff(index: number): void {
    for (const { pair, proxy } of this.links) if (pair.includes(index)) proxy.swallow();
  }

  heal(): void {
    for (const { proxy } of this.links) proxy.restore();
  }

  async close(): Promise<void> {
    for (const { proxy } of this.links) await proxy.close();
  }
}

/** Waits until exactly one running node serves. */
async function theOne(
  nodes: readonly RealServer[],
  serves: (node: RealServer) => Promise<boolean>,
): Promise<RealServer> {
  return eventually(
    async () => {
      const found: RealServer[] = [];
      for (const node of nodes) if (node.isRunning() && (await serves(node))) found.push(node);
      const [one, ...others] = found;
      return one !== undefined && others.length === 0 && one;
    },
    { what: 'one server to serve', timeoutMs: 60_000, intervalMs: 25 },
  );
}

async function serverz(node: RealServer): Promise<{ readonly role?: string } | undefined> {
  const answer = await get(node, 'serverz');
  return answer?.ok ? ((await answer.json()) as { role?: string }) : undefined;
}

async function isFtActive(node: RealServer): Promise<boolean> {
  return (await get(node, 'isFTActive'))?.status === 200;
}

/** `undefined` where it does not answer: it is being started, or stands still. */
async function get(node: RealServer, endpoint: string): Promise<Response | undefined> {
  const url = `${node.monitoringUrl}/streaming/${endpoint}`;
  return fetch(url, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
}
