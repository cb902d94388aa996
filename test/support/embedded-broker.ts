import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerFeatures, TestBroker, TestBrokerOptions } from './brokers.js';
import { cleanUpAfterTest } from './cleanup.js';
import { freePort } from './free-port.js';
import { brokerFacts } from './monitoring.js';

/** As much of `nestjs-stan/broker` as the suites use. */
interface Broker {
  readonly port: number;
  readonly url: string;
  readonly monitoringUrl: string;
  close(): Promise<void>;
  advance(ms: number): Promise<void> | void;
  freeze?(): void;
  thaw?(): void;
}
interface BrokerDoor {
  readonly StanBroker: { start(options: Record<string, unknown>): Promise<Broker> };
}

const BROKER_DOOR: string = 'nestjs-stan/broker';

/** Starts the embedded broker for a suite; the same shape as a real server. */
export async function startEmbeddedBroker(features: BrokerFeatures, options: TestBrokerOptions): Promise<TestBroker> {
  const { StanBroker } = (await import(BROKER_DOOR)) as BrokerDoor;
  const { clusterId = 'test-cluster', clock = 'virtual', heartbeat, maxChannels = 0 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-broker-'));
  const port = await freePort();
  const start = () =>
    StanBroker.start({
      clusterId,
      clock,
      port,
      monitoringPort: 0,
      limits: { maxChannels },
      ...(heartbeat && {
        heartbeatIntervalMs: heartbeat.intervalMs,
        heartbeatTimeoutMs: heartbeat.timeoutMs,
        maxFailedHeartbeats: heartbeat.failCount,
      }),
    });

  let broker: Broker | undefined = await start();
  const running = () => {
    if (!broker) throw new Error('the embedded broker is not running: restart() it first');
    return broker;
  };
  const kill = async () => {
    const dead = broker;
    broker = undefined;
    await dead?.close();
  };
  const test: TestBroker = {
    name: 'embedded',
    features,
    clusterId,
    port,
    hasVirtualClock: clock === 'virtual',
    url: `nats://127.0.0.1:${port}`,
    get monitoringUrl() {
      return running().monitoringUrl;
    },
    facts: brokerFacts(() => running().monitoringUrl),
    advance: async (ms) => (clock === 'virtual' ? running().advance(ms) : undefined),
    restart: async () => {
      await kill();
      broker = await start();
    },
    kill,
    freeze: () => running().freeze?.(),
    thaw: () => running().thaw?.(),
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  cleanUpAfterTest(() => test.close());
  return test;
}
