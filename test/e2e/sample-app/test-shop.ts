import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createServiceDatabases } from '../../../sample-app/database/service-databases.js';
import { Database } from '../../../sample-app/database/database.js';
import type { FlowEntry, ServiceName } from '../../../sample-app/service/service-messages.js';
import { services } from '../../../sample-app/service/service-messages.js';
import { Instances } from '../../../sample-app/shop/instances.js';
import type { TestBroker } from '../../support/brokers.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.js';
import { eventually } from '../../support/wait.js';

/** The compiled services: separate processes cannot run the sources. `npm run test:e2e` builds them. */
export const programs = join(
  process.env['NESTJS_STAN_DIST'] ?? join(import.meta.dirname, '..', '..', '..', 'dist'),
  'sample-app',
);

/** Both services in several processes on a broker, and a look into their databases. */
export interface TestShop {
  readonly instances: Instances;
  readonly databases: Readonly<Record<ServiceName, Database>>;
  /** Everything that instances have told about events, oldest first. */
  readonly flow: readonly FlowEntry[];
  /** Every line that instances have printed. */
  readonly said: readonly string[];
  /**
   * Asks an instance of a service, another one each time, until one has given an answer. A request that was cut off is
   * sent again, so it must be one that may be repeated.
   */
  ask(service: ServiceName, method: string, path: string, body?: object): Promise<Answer>;
}

/** What a service answered. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Starts `count` instances of each service with empty databases; all is stopped when the test ends. */
export async function startTestShop(broker: TestBroker, postgresUrl: string, count: number): Promise<TestShop> {
  if (!existsSync(join(programs, 'main.js'))) throw new Error(`no ${programs}: run npm run build first`);
  const databaseUrls = await createServiceDatabases(services, { url: postgresUrl, fresh: true });
  const databases = { tickets: new Database(databaseUrls.tickets), orders: new Database(databaseUrls.orders) };
  cleanUpAfterTest(() => Promise.all(Object.values(databases).map((database) => database.onApplicationShutdown())));
  if (broker.name === 'jetstream') {
    process.env['BROKER'] = 'jetstream';
    cleanUpAfterTest(() => delete process.env['BROKER']);
  }
  const instances = await Instances.prepare({
    ...{ count, programs, databaseUrls, natsUrl: broker.url, clusterId: broker.clusterId },
    portFor: freePort,
    restartDelayMs: 200,
  });
  const flow: FlowEntry[] = [];
  instances.on('flow', (entry) => flow.push(entry));
  const said: string[] = [];
  instances.on('said', (name, line) => said.push(`[${name}] ${line}`));
  cleanUpAfterTest(() => instances.stop());
  if (process.env['SHOW_INSTANCES']) instances.on('said', (name, line) => process.stderr.write(`[${name}] ${line}\n`));
  await instances.start();
  const ask = (service: ServiceName, method: string, path: string, body?: object) =>
    eventually(() => askOnce(instances.urlsOf(service)[0], method, path, body), {
      what: `an answer of ${service} to ${method} ${path}`,
      timeoutMs: 60_000,
    });
  return { instances, databases, flow, said, ask };
}

async function askOnce(url: string | undefined, method: string, path: string, body?: object): Promise<Answer> {
  if (url === undefined) throw new Error('no instance is running');
  const answer = await fetch(url + path, {
    method,
    signal: AbortSignal.timeout(20_000),
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (answer.status >= 500) throw new Error(`${answer.status}: ${await answer.text()}`);
  return { status: answer.status, body: await answer.json() };
}
