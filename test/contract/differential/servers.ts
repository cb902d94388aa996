import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StanBroker } from 'nestjs-stan/broker';
import type { StanBrokerOptions } from 'nestjs-stan/broker';
import { LmdbStore } from '../../../lib/broker/store/lmdb/lmdb-store.js';
import { startRealServer } from '../../support/real-server.js';
import { Monitor } from './monitor.js';
import type { Profile } from './trace.js';

/** A server under comparison. */
export interface DifferentialServer {
  readonly name: string;
  readonly clusterId: string;
  readonly port: number;
  readonly monitor: Monitor;
  /** Ends it in good order and starts it again on the same port with its state. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const clusterId = 'differential';

/** How each profile sets a server up: flags of the real one, and the embedded broker's options that mean the same. */
const setups: Readonly<Record<Profile, { flags: readonly string[]; options: StanBrokerOptions }>> = {
  plain: { flags: [], options: {} },
  limits: {
    flags: ['-mm', '6', '-mb', '400', '-msu', '3'],
    options: { limits: { maxMessages: 6, maxBytes: 400, maxSubscriptions: 3 } },
  },
  heartbeats: {
    flags: ['-hbi', '400ms', '-hbt', '1s', '-hbf', '1'],
    options: { heartbeatIntervalMs: 400, heartbeatTimeoutMs: 1_000, maxFailedHeartbeats: 1 },
  },
  restart: { flags: [], options: {} },
};

/** Starts the real server as the profile wants it; the caller closes it. */
export async function startReal(profile: Profile): Promise<DifferentialServer> {
  const server = await startRealServer({
    clusterId,
    store: profile === 'restart' ? 'file' : 'memory',
    args: setups[profile].flags,
  });
  const monitor = new Monitor(() => server.monitoringUrl);
  return {
    name: 'real server',
    clusterId,
    get port() {
      return server.port;
    },
    monitor,
    restart: async () => {
      await server.stop();
      await server.start();
    },
    close: async () => {
      monitor.close();
      await server.close();
    },
  };
}

/** Starts the embedded broker as the profile wants it; the caller closes it. */
export async function startEmbedded(profile: Profile): Promise<DifferentialServer> {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-differential-'));
  const { options } = setups[profile];
  const start = (port: number) =>
    StanBroker.start({
      ...options,
      clusterId,
      port,
      monitoringPort: 0,
      limits: { ...options.limits, maxChannels: 0 },
      ...(profile === 'restart' ? { store: new LmdbStore({ directory }) } : {}),
    });
  let broker = await start(0);
  const { port } = broker;
  const monitor = new Monitor(() => broker.monitoringUrl ?? '');
  return {
    name: 'embedded broker',
    clusterId,
    port,
    monitor,
    restart: async () => {
      await broker.close();
      broker = await start(port);
    },
    close: async () => {
      monitor.close();
      await broker.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
