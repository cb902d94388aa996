import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { usePostgres } from '../../e2e/sample-app/database.js';
import { brokers, describeBrokers } from '../../support/brokers.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { listenerFor } from '../../support/contract.js';
import { freePort } from '../../support/free-port.js';
import { fresh } from '../../support/fresh.js';
import { ServerDatabase } from '../../support/postgres/server-database.js';
import type { RealServer } from '../../support/real-server.js';
import { startRealServer } from '../../support/real-server.js';
import { startStanApp, startStanClient } from '../../support/stan-app.js';
import { eventually } from '../../support/wait.js';

type Broker = Parameters<typeof startStanApp>[0]['broker'];

const subject = 'ticket:created';
const options = { id: '01J-ü', key: 'order 7', headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-1-01' } };
const expected = { id: '01J-ü', key: 'order 7', traceparent: options.headers.traceparent };

describeBrokers(
  'headers in every store of the server',
  () => {
    describe('a SQL store', () => {
      const postgres = usePostgres();

      it('O1 [STAN-PUB-8] keeps them, in Postgres, through a restart', async () => {
        const { flags } = await ServerDatabase.create(postgres.url);
        const server = await startRealServer({ store: 'given', args: flags });
        await (await startStanClient(server)).emitAsync(subject, { id: 7 }, options);
        await server.restart();
        expect(server.log.join('\n')).toContain('Message store is SQL');
        expect(await headersAt(server)).toEqual([expected]);
      });
    });

    it('O1 [STAN-PUB-8] a raft cluster of three keeps them through the death of its leader, and of all three', async () => {
      const cluster = await startCluster();
      const client = await startStanClient(cluster, { reconnect: { maxDelayMs: 500 } });
      await client.emitAsync(subject, { id: 7 }, options);
      const dead = await cluster.killLeader();
      expect(await headersAt(cluster)).toEqual([expected]);
      await dead.start();
      await cluster.restartAll();
      expect(await headersAt(cluster)).toEqual([expected]);
    });
  },
  brokers.filter(({ name }) => name === 'real'),
);

/** What a new handler sees beside the data of all events there are. */
async function headersAt(broker: Broker): Promise<object[]> {
  const seen: object[] = [];
  const listener = listenerFor(subject, { startAt: 'first' }, (_data, context) => {
    seen.push(Object.fromEntries(context.getHeaders()));
  });
  const app = await startStanApp({ broker, controllers: [listener] });
  await eventually(() => seen.length > 0, { what: 'the event', timeoutMs: 20_000 });
  await app.close();
  return seen;
}

interface Cluster {
  readonly url: string;
  readonly clusterId: string;
  killLeader(): Promise<RealServer>;
  restartAll(): Promise<void>;
}

/** Three servers that elect a leader among themselves, on one NATS cluster. */
async function startCluster(): Promise<Cluster> {
  const clusterId = fresh('raft');
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-raft-'));
  cleanUpAfterTest(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const nodes = ['a', 'b', 'c'];
  const routes = await Promise.all(nodes.map(async () => `nats://127.0.0.1:${await freePort()}`));
  const servers = await Promise.all(
    nodes.map((node, index) =>
      startRealServer({
        clusterId,
        readyWhen: 'Message store is RAFT_',
        args: [
          ...['--clustered', '--cluster_node_id', node, '--cluster_peers', nodes.filter((it) => it !== node).join(',')],
          ...['--cluster_log_path', join(folder, node), '--cluster', routes[index]!, '--cluster_name', clusterId],
          ...['--routes', routes.filter((_, other) => other !== index).join(',')],
        ],
      }),
    ),
  );
  await eventually(() => leaderOf(servers), { what: 'a leader', timeoutMs: 20_000 });
  return {
    url: servers.map(({ url }) => url).join(','),
    clusterId,
    async killLeader() {
      const leader = await eventually(() => leaderOf(servers), { what: 'a leader', timeoutMs: 20_000 });
      await leader.kill();
      await eventually(() => leaderOf(servers), { what: 'another leader', timeoutMs: 30_000 });
      return leader;
    },
    async restartAll() {
      await Promise.all(servers.map((server) => server.kill()));
      await Promise.all(servers.map((server) => server.start()));
      await eventually(() => leaderOf(servers), { what: 'a leader again', timeoutMs: 30_000 });
    },
  };
}

async function leaderOf(servers: readonly RealServer[]): Promise<RealServer | false> {
  for (const server of servers.filter((one) => one.isRunning())) {
    const answer = await fetch(`${server.monitoringUrl}/streaming/serverz`).catch(() => undefined);
    const facts = (await answer?.json().catch(() => undefined)) as { role?: string } | undefined;
    if (facts?.role === 'Leader') return server;
  }
  return false;
}
