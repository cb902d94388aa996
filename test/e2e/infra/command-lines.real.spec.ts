import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Probe } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import { services } from '../../../sample-app/service/service-messages.js';
import { cleanUpAfterTest, showWhenTestFails } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.js';
import { findRealServer } from '../../support/real-server.js';
import { eventually, withDeadline } from '../../support/wait.js';
import { usePostgres } from '../sample-app/database.js';
import { createServiceDatabases } from '../../../sample-app/database/service-databases.js';
import { containerOf, readCompose } from './manifests.js';

const project = join(import.meta.dirname, '../../..');
const serverProgram = findRealServer();
if (!serverProgram && process.env['CI'] === 'true') throw new Error('no real nats-streaming-server in CI');

/** What the command lines of the containers do, outside of a container: only ports and folders are this machine's. */
describe.skipIf(!serverProgram)('the command lines of infra/, on the real server', () => {
  const postgres = usePostgres();

  it.each([
    ['infra/k8s/nats-streaming.yaml', () => containerOf('nats-streaming').args ?? []],
    ['infra/docker-compose.yml', () => String(readCompose().services['nats-streaming']?.command).split(' ')],
  ])('%s starts a server with a file store, whose probes answer', async (_file, args) => {
    const server = await startServer(args());
    const { startupProbe, readinessProbe, livenessProbe } = containerOf('nats-streaming');
    for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
      expect(await statusOf(probe, server.monitoringPort)).toBe(200);
    }
    expect(await server.ask('serverz')).toMatchObject({ cluster_id: 'ticketing', version: '0.25.6' });
    expect(await server.ask('storez')).toMatchObject({ type: 'FILE', limits: { max_channels: 500 } });
    server.kill('SIGTERM');
    // 128 + 15: it has closed its store and says by which signal it ended.
    expect(await server.ended()).toBe(143);
  });

  it('those of the cluster start three servers; the probe tells the leader from followers, and sees the next one', async () => {
    const { args = [], readinessProbe } = containerOf('nats-streaming-cluster');
    const ports = await Promise.all([0, 1, 2].map(() => freePort()));
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join();
    const servers = await Promise.all(
      ports.map((port, index) => {
        const name = `nats-streaming-cluster-${index}`;
        const own = { '--cluster': `nats://127.0.0.1:${port}`, '--routes': routes };
        return startServer(
          args.map((word) => word.replace('$(POD_NAME)', name)),
          own,
        );
      }),
    );
    const roles = () => Promise.all(servers.map((server) => probe(readinessProbe, server.monitoringPort)));
    const ready = await eventually(
      async () => {
        const told = await roles();
        return told.filter(({ says }) => says === 'leader').length === 1 && told;
      },
      { what: 'a leader', timeoutMs: 20_000 },
    );
    expect(ready.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(ready.map(({ says }) => says).sort()).toEqual(['follower', 'follower', 'leader']);
    const leader = ready.findIndex(({ says }) => says === 'leader');
    servers[leader]?.kill('SIGKILL');
    await eventually(
      async () => {
        const told = await roles();
        expect(told[leader]).toEqual({ code: 1, says: 'no answer' });
        expect(told.map(({ says }) => says).sort()).toEqual(['follower', 'leader', 'no answer']);
      },
      { what: 'the next leader', timeoutMs: 30_000 },
    );
  });

  it('the probe of the cluster tells the active server of a fault tolerance group from a standby', async () => {
    const { readinessProbe } = containerOf('nats-streaming-cluster');
    const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'nestjs-stan-infra-'))];
    cleanUpAfterTest(() => rm(folder, { recursive: true, force: true }));
    const args = ['-p', '', '-m', '', '-cid', 'ticketing', '--ft_group', 'one', '-st', 'FILE', '--dir', ''];
    const listen = ['--cluster', `nats://127.0.0.1:${port}`];
    const first = await startServer([...args, ...listen], { '--dir': folder });
    await eventually(async () =>
      expect(await probe(readinessProbe, first.monitoringPort)).toEqual({ code: 0, says: 'active' }),
    );
    const route = ['--cluster', 'nats://127.0.0.1:-1', '--routes', `nats://127.0.0.1:${port}`];
    const second = await startServer([...args, ...route], { '--dir': folder });
    expect(await probe(readinessProbe, second.monitoringPort)).toEqual({ code: 1, says: 'standby' });
  });

  it('both services start beside it, are ready, are known by the names of their pods, and end in time', async () => {
    const server = await startServer(containerOf('nats-streaming').args ?? []);
    const databases = await createServiceDatabases(services, { url: postgres.url, fresh: true });
    const started = await Promise.all(
      services.map(async (name) => {
        const port = await freePort();
        const environment: NodeJS.ProcessEnv = {
          ...composeEnvironmentOf(name),
          NATS_URL: server.url,
          DATABASE_URL: databases[name],
          PORT: String(port),
          HOST: '127.0.0.1',
        };
        return { name, port, process: start(process.execPath, containerOf(name).args ?? [], environment) };
      }),
    );
    for (const { name, port } of started) {
      const { readinessProbe } = containerOf(name);
      await eventually(async () => (await statusOf(readinessProbe, port)) === 200, {
        what: `${name} to be ready`,
        timeoutMs: 60_000,
      });
    }
    const { clients } = (await server.ask('clientsz')) as { clients: { id: string }[] };
    expect(clients.map(({ id }) => id).sort()).toEqual([
      'orders-0-in',
      'orders-0-out',
      'tickets-0-in',
      'tickets-0-out',
    ]);
    for (const { process: service } of started) service.kill('SIGTERM');
    for (const { process: service } of started) await service.ended();
    expect(await server.ask('clientsz')).toMatchObject({ count: 0 });
  });
});

interface Started {
  kill(signal: NodeJS.Signals): void;
  /** Its exit code or signal; fails where it takes longer than Kubernetes would wait. */
  ended(): Promise<number | NodeJS.Signals | null>;
}

function start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(program, args, {
    cwd: project,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exit = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  cleanUpAfterTest(() => child.kill('SIGKILL'));
  showWhenTestFails(() => `--- ${program} ${args.join(' ')}\n${output}`);
  return {
    kill: (signal) => void child.kill(signal),
    ended: () => withDeadline(exit, { what: `${args.join(' ')} to end`, timeoutMs: 30_000 }),
  };
}

/** Starts the real server with these arguments; ports and folder are exchanged for some of this machine. */
async function startServer(args: readonly string[], others: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-stan-infra-'));
  cleanUpAfterTest(() => rm(folder, { recursive: true, force: true }));
  const [port, monitoringPort] = [await freePort(), await freePort()];
  const own: Readonly<Record<string, string>> = {
    '-p': `${port}`,
    '-m': `${monitoringPort}`,
    '--dir': join(folder, 'stan'),
    '--cluster_log_path': join(folder, 'raft'),
    ...others,
  };
  const local = args.map((word, index) => own[args[index - 1] ?? ''] ?? word);
  const server = start(serverProgram ?? '', [...local, '-a', '127.0.0.1']);
  const ask = async (page: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${monitoringPort}/streaming/${page}`);
    return response.json();
  };
  await eventually(() => ask('serverz'), { what: 'the server to be ready' });
  return { ...server, ask, monitoringPort, url: `nats://127.0.0.1:${port}` };
}

/** Runs an exec probe as the kubelet would, against the port of this machine. */
async function probe(wanted: Probe | undefined, port: number): Promise<{ code: number; says: string }> {
  const [program = 'false', ...args] = wanted?.exec?.command ?? [];
  const run = spawn(
    program,
    args.map((word) => word.replaceAll(':8222', `:${port}`)),
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let says = '';
  run.stdout.setEncoding('utf8').on('data', (text: string) => (says += text));
  const code = await new Promise<number>((resolve) => run.once('close', (exit) => resolve(exit ?? -1)));
  return { code, says: says.trim() };
}

async function statusOf(probe: Probe | undefined, port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${probe?.httpGet?.path ?? '/?'}`);
  await response.arrayBuffer();
  return response.status;
}

function composeEnvironmentOf(name: string): Readonly<Record<string, string>> {
  return readCompose().services[name]?.environment ?? {};
}
