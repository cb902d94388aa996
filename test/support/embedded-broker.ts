import { StanBroker } from 'nestjs-stan/broker';
import type { BrokerFeatures, TestBroker, TestBrokerOptions } from './brokers.js';
import { cleanUpAfterTest } from './cleanup.js';
import { freePort } from './free-port.js';
import { brokerFacts } from './monitoring.js';

/** Starts the embedded broker for a suite; the same shape as a real server. */
export async function startEmbeddedBroker(features: BrokerFeatures, options: TestBrokerOptions): Promise<TestBroker> {
  const { clusterId = 'test-cluster', clock = 'virtual', heartbeat, maxChannels = 0, maxMessages } = options;
  const broker = await StanBroker.start({
    clusterId,
    clock,
    // Not port 0: an ephemeral port could be taken by a connection of this very process while the broker is down.
    port: await freePort(),
    monitoringPort: 0,
    limits: { maxChannels, ...(maxMessages !== undefined && { maxMessages }) },
    ...(heartbeat && {
      heartbeatIntervalMs: heartbeat.intervalMs,
      heartbeatTimeoutMs: heartbeat.timeoutMs,
      maxFailedHeartbeats: heartbeat.failCount,
    }),
  });
  const test: TestBroker = {
    name: 'embedded',
    features,
    clusterId,
    port: broker.port,
    url: broker.url,
    monitoringUrl: broker.monitoringUrl ?? '',
    facts: brokerFacts(() => broker.monitoringUrl ?? ''),
    hasVirtualClock: clock === 'virtual',
    embedded: broker,
    advance: async (ms) => (clock === 'virtual' ? broker.advance(ms) : undefined),
    restart: ({ state = 'kept' } = {}) => broker.restart({ state: state === 'kept' ? 'keep' : 'lose' }),
    kill: () => broker.stop(),
    freeze: async () => broker.faults.freeze(),
    thaw: () => broker.faults.unfreeze(),
    close: () => broker.close(),
  };
  cleanUpAfterTest(() => test.close());
  return test;
}
