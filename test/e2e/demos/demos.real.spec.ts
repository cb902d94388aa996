import { describe } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { findRealServer, startRealServer } from '../../support/real-server.js';
import { demosOn } from './demos.suite.js';

describe('npm run demo', () => {
  const isMissing = findRealServer() === undefined && process.env['CI'] !== 'true';
  demosOn('a real nats-streaming-server', startServer, isMissing);
});

async function startServer(): Promise<NodeJS.ProcessEnv> {
  const server = await startRealServer({ store: 'memory' });
  cleanUpAfterTest(() => server.close());
  return { NATS_URL: server.url, NATS_CLUSTER_ID: server.clusterId };
}
