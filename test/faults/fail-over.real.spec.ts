// STAN can die while the NATS connection lives: in a cluster, in a fault tolerance group, behind a NATS server. Clients
// are connected to the server that dies and to one that stays.
import { describe, expect, it } from 'vitest';
import type { ClientStan } from 'nestjs-stan';
import { StanHealthIndicator, StanMonitoring } from 'nestjs-stan';
import { listenerFor } from '../support/contract.js';
import { FailOverScene, places, quickPings } from '../support/fail-over-scene.js';
import { fresh } from '../support/fresh.js';
import { connectRawClient } from '../support/raw-client.js';
import type { RawClient } from '../support/raw-client.js';
import { findRealServer } from '../support/real-server.js';
import type { RealServer } from '../support/real-server.js';
import { startStanApp, startStanClient } from '../support/stan-app.js';
import type { Topology } from '../support/topologies.js';
import { startTopology, topologyNames } from '../support/topologies.js';
import { eventually, quietFor } from '../support/wait.js';

const hasServer = findRealServer() !== undefined;

/** Kills the leader. Where there is no other, the same one comes back after four seconds, with its store. */
async function killLeader(topology: Topology): Promise<RealServer> {
  const leader = await topology.leader();
  await leader.kill();
  if (topology.nodes.length === 1) {
    await quietFor(4_000);
    await leader.start();
  }
  return leader;
}

describe.skipIf(!hasServer).each(topologyNames)('%s, whose leader is killed under load', (name) => {
  it('rejects nothing, loses nothing that was acknowledged, and handles nothing again that the guard knows', async () => {
    const topology = await startTopology(name);
    const scene = await FailOverScene.start(topology);
    scene.load(4);
    await eventually(() => expect(scene.acknowledgedCount).toBeGreaterThan(200));
    await killLeader(topology);
    await topology.leader();
    await Promise.all(places.map((place) => scene.published(place)));
    const counts = await scene.end();
    expect(scene.rejections).toEqual([]);
    expect(counts).toMatchObject({ acknowledged: counts.published, handledTwiceBySequence: 0 });
    expect(counts.sentAgain).toBeGreaterThan(0);
  });

  it('is reported by status and health, both when STAN does not answer and when it does again', async () => {
    const topology = await startTopology(name);
    const leader = await topology.leader();
    const others = topology.entrances.filter((it) => it !== leader);
    const client = await startStanClient(
      { url: others[0]?.url ?? '', clusterId: topology.clusterId },
      { ...quickPings, maxPingsOut: 10 },
    );
    const health = new StanHealthIndicator({ events: client });
    await leader.freeze();
    await eventually(() => expect(health.isHealthy().stan).toMatchObject({ status: 'down', events: 'reconnecting' }));
    leader.thaw();
    await topology.leader();
    await eventually(() => expect(health.isHealthy().stan).toMatchObject({ status: 'up', events: 'connected' }), {
      timeoutMs: 20_000,
    });
    health.close();
  });

  it('keeps durables, queue groups and plain subscriptions, and serves those that subscribe meanwhile', async () => {
    const topology = await startTopology(name);
    const [leader, subject] = [await topology.leader(), fresh('orders')];
    const staying = topology.entrances.find((it) => it !== leader) ?? leader;
    const broker = { url: staying.url, clusterId: topology.clusterId };
    const handled = { durable: [] as number[], group: [] as number[], plain: [] as number[], late: [] as number[] };
    const options = { ...quickPings, reconnect: { ...quickPings.reconnect, firstConnectTimeoutMs: 60_000 } };
    await startStanApp({
      broker,
      server: options,
      controllers: [
        listenerFor(subject, { durableName: 'd', startAt: 'first' }, (id: number) => void handled.durable.push(id)),
        listenerFor(subject, { queueGroup: 'g', startAt: 'first' }, (id: number) => void handled.group.push(id)),
        listenerFor(subject, { startAt: 'first' }, (id: number) => void handled.plain.push(id)),
      ],
    });
    const client = await startStanClient(broker, options);
    for (const id of [1, 2, 3]) await client.emitAsync(subject, id);
    await eventually(() => expect(handled.plain).toHaveLength(3));
    const killed = killLeader(topology);
    const late = startStanApp({
      broker,
      server: options,
      controllers: [listenerFor(subject, { startAt: 'first' }, (id: number) => void handled.late.push(id))],
    });
    await killed;
    for (const id of [4, 5, 6]) await client.emitAsync(subject, id);
    await late;
    for (const ids of Object.values(handled)) {
      await eventually(() => expect([...new Set(ids)].sort()).toEqual([1, 2, 3, 4, 5, 6]), { timeoutMs: 40_000 });
    }
  });
});

describe.skipIf(!hasServer)('STAN that stands still behind a NATS server that lives', () => {
  it('is told within two pings by event, status and health, and so is its return', async () => {
    const topology = await startTopology('behind-nats');
    const broker = { url: topology.entrances[0]?.url ?? '', clusterId: topology.clusterId };
    const raw = await connectRawClient(broker);
    const client = await startStanClient(broker, { ...quickPings, pingIntervalMs: 3_000, maxPingsOut: 100 });
    const health = new StanHealthIndicator({ events: client });
    const pings = countPings(raw, client);
    const silent = nextEvent(client, 'serverSilent', () => ({ pings: pings.count(), ...seen(client, health) }));
    await topology.nodes[0]?.freeze();
    pings.reset();
    expect(await silent).toEqual({ pings: 2, status: 'reconnecting', health: 'down' });

    const answered = nextEvent(client, 'serverAnswered', () => ({ pings: pings.count(), ...seen(client, health) }));
    topology.nodes[0]?.thaw();
    pings.reset();
    const { pings: pingsUntilAnswer, ...state } = await answered;
    expect(state).toEqual({ status: 'connected', health: 'up' });
    expect(pingsUntilAnswer).toBeLessThanOrEqual(2);
    health.close();
  });
});

/** Counts the pings of this client, but not those that the vendor's client sends beside them. */
function countPings(raw: RawClient, client: ClientStan): { count(): number; reset(): void } {
  interface Pinging {
    readonly nc: { subscribe(subject: string, onMessage: (body: unknown, reply: string) => void): void };
    readonly pingRequests: string;
    readonly pingInbox: string;
  }
  const [own, theirs] = [client.unwrap<Pinging>(), raw.stan as RawClient['stan'] & Pinging];
  let count = 0;
  theirs.nc.subscribe(own.pingRequests, (_body, reply) => {
    if (reply !== own.pingInbox && reply !== theirs.pingInbox) count += 1;
  });
  return { count: () => count, reset: () => void (count = 0) };
}

/** What `look` sees right after the next such event. */
function nextEvent<T>(client: ClientStan, type: 'serverSilent' | 'serverAnswered', look: () => T): Promise<T> {
  return new Promise((resolve) => client.on(type, () => setImmediate(() => resolve(look()))));
}

function seen(client: ClientStan, health: StanHealthIndicator): { status: string; health: string } {
  let status = '';
  client.status.subscribe((now) => (status = now)).unsubscribe();
  return { status, health: health.isHealthy().stan.status };
}

describe.skipIf(!hasServer)('the monitoring of servers that replace each other', () => {
  it('tells the leader of a cluster from its followers', async () => {
    const topology = await startTopology('cluster');
    const leader = await topology.leader();
    for (const node of topology.nodes) {
      const monitoring = new StanMonitoring({ url: node.monitoringUrl });
      expect(await monitoring.serverz()).toMatchObject({
        state: 'CLUSTERED',
        role: node === leader ? 'Leader' : 'Follower',
      });
      expect(await monitoring.isFTActive()).toBe(false);
    }
  });

  it('tells the active server of a fault tolerance group from the standby', async () => {
    const topology = await startTopology('ft');
    const leader = await topology.leader();
    for (const node of topology.nodes) {
      const monitoring = new StanMonitoring({ url: node.monitoringUrl });
      expect(await monitoring.isFTActive()).toBe(node === leader);
      expect(await monitoring.serverz()).toMatchObject({ state: node === leader ? 'FT_ACTIVE' : 'FT_STANDBY' });
    }
  });
});
