import type { ClientStan, ServerStan, StanServerOptions } from 'nestjs-stan';
import { durableQueue } from 'nestjs-stan';
import { watchConnection } from '../faults/watch.js';
import type { ConnectionWatch } from '../faults/watch.js';
import { listenerFor } from './contract.js';
import { fresh } from './fresh.js';
import type { RealServer } from './real-server.js';
import { startStanApp, startStanClient } from './stan-app.js';
import type { Topology } from './topologies.js';
import { eventually } from './wait.js';

/** Which NATS server a client is connected to: that of the node that dies, or another one. */
export const places = ['dying', 'staying'] as const;
export type Place = (typeof places)[number];

const ackWaitMs = 2_000;

/** Quick pings, so that a test need not wait for the defaults. */
export const quickPings = {
  connectTimeoutMs: 1_000,
  pingIntervalMs: 1_000,
  reconnect: { initialDelayMs: 50, maxDelayMs: 500 },
} as const;

interface Member {
  readonly server: ServerStan;
  readonly watch: ConnectionWatch;
  /** How often each event was handled here. */
  readonly handled: Map<string, number>;
}

interface Publisher {
  readonly client: ClientStan;
  readonly watch: ConnectionWatch;
}

/** What became of the events of a scene. */
export interface FailOverCounts {
  readonly published: number;
  readonly acknowledged: number;
  readonly sentAgain: number;
  readonly rejected: number;
  /** Different events that a handler of the group has finished. */
  readonly handled: number;
  /** Events that the group has handled more than once. */
  readonly handledTwice: number;
  /** Events that one process has handled more than once under one sequence: the guard could have known. */
  readonly handledTwiceBySequence: number;
  readonly longestPauseMs: number;
}

/** A publisher and a member of a durable queue group on the server that dies, and both on one that stays, under load. */
export class FailOverScene {
  readonly subject = fresh('orders');
  readonly members = new Map<Place, Member>();
  readonly publishers = new Map<Place, Publisher>();
  readonly rejections: unknown[] = [];
  private readonly runs = new Map<string, number>();
  private readonly runsBySequence = new Map<string, number>();
  private readonly resolvedAt: number[] = [];
  private readonly acknowledged = new Set<string>();
  private readonly open = new Set<Promise<void>>();
  private publishedCount = 0;
  private sentAgainCount = 0;
  private timer: NodeJS.Timeout | undefined;

  private constructor(readonly topology: Topology) {}

  /** Connects everybody; `options` are for clients and services alike. */
  static async start(topology: Topology, options: Partial<StanServerOptions> = {}): Promise<FailOverScene> {
    const scene = new FailOverScene(topology);
    const leader = await topology.leader();
    for (const place of places) {
      const servers = urlsFor(place, topology, leader);
      const broker = { url: servers[0] ?? '', clusterId: topology.clusterId };
      const common = { ...quickPings, ...options, servers };
      const handled = new Map<string, number>();
      const { server } = await startStanApp({
        broker,
        server: { ...common, subscription: { ...durableQueue('orders'), ackWaitMs, maxInFlight: 256 } },
        controllers: [
          listenerFor(scene.subject, {}, (id: string, context) => {
            scene.handle(place, id, context.getSequence(), handled);
          }),
        ],
      });
      scene.members.set(place, { server, watch: watchConnection(server), handled });
      const client = await startStanClient(broker, common);
      scene.publishers.set(place, { client, watch: watchConnection(client) });
    }
    return scene;
  }

  /** Publishes one event in turn from each publisher, every `everyMs`, until {@link end}. */
  load(everyMs: number): void {
    let turn = 0;
    this.timer = setInterval(() => {
      const place = places[turn % places.length] ?? 'dying';
      turn += 1;
      this.publish(place);
    }, everyMs);
  }

  publish(place: Place): void {
    const publisher = this.publishers.get(place);
    this.publishedCount += 1;
    const id = `${place}-${this.publishedCount}`;
    const outcome = publisher!.client.emitAsync(this.subject, id).then(
      ({ attempts }) => {
        this.resolvedAt.push(performance.now());
        this.acknowledged.add(id);
        if (attempts > 1) this.sentAgainCount += 1;
      },
      (error: unknown) => void this.rejections.push(error),
    );
    this.open.add(outcome);
    void outcome.finally(() => this.open.delete(outcome));
  }

  get acknowledgedCount(): number {
    return this.acknowledged.size;
  }

  /** Waits until a publish of this place, made now, is acknowledged. */
  async published(place: Place): Promise<void> {
    await this.publishers.get(place)?.client.emitAsync(this.subject, `check-${fresh('x')}`);
  }

  /** Ends the load; resolves when every publish has its outcome and everything acknowledged is handled. */
  async end(): Promise<FailOverCounts> {
    clearInterval(this.timer);
    await Promise.all(this.open);
    await eventually(
      () => {
        const missing = [...this.acknowledged].filter((id) => !this.runs.has(id));
        if (missing.length > 0) throw new Error(`${missing.length} are missing, such as ${missing[0] ?? ''}`);
      },
      { what: 'all that was acknowledged to be handled', timeoutMs: 40_000, intervalMs: 100 },
    );
    return this.counts();
  }

  counts(): FailOverCounts {
    const more = (runs: Map<string, number>): number => [...runs.values()].filter((count) => count > 1).length;
    const gaps = this.resolvedAt.slice(1).map((at, index) => at - (this.resolvedAt[index] ?? at));
    return {
      published: this.publishedCount,
      acknowledged: this.acknowledged.size,
      sentAgain: this.sentAgainCount,
      rejected: this.rejections.length,
      handled: this.runs.size,
      handledTwice: more(this.runs),
      handledTwiceBySequence: more(this.runsBySequence),
      longestPauseMs: Math.round(Math.max(0, ...gaps)),
    };
  }

  private handle(place: Place, id: string, sequence: number, handled: Map<string, number>): void {
    for (const [runs, key] of [
      [this.runs, id],
      [this.runsBySequence, `${place} ${sequence}`],
      [handled, id],
    ] as const)
      runs.set(key, (runs.get(key) ?? 0) + 1);
  }
}

/** The server of the leader first, or one of the others; each client may go on to the rest. */
function urlsFor(place: Place, { entrances }: Topology, leader: RealServer): string[] {
  const [own, others] = [entrances.filter((it) => it === leader), entrances.filter((it) => it !== leader)];
  return (place === 'dying' ? [...own, ...others] : [...others, ...own]).map(({ url }) => url);
}
