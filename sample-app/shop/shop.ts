import { join } from 'node:path';
import { StanBroker } from 'nestjs-stan/broker';
import { startKeptPostgres } from '../database/kept-postgres.js';
import { createServiceDatabases } from '../database/service-databases.js';
import { services } from '../service/service-messages.js';
import { portNear } from './free-port.js';
import { startKeptNatsServer } from './kept-nats-server.js';
import { Instances } from './instances.js';
import type { ShopOptions } from './shop-options.js';

/** Something that runs for the shop, and what the terminal says about it. */
interface Part {
  readonly url: string;
  readonly note: string;
  stop(): Promise<void>;
}

/** The event bus, with its monitoring page where there is one. */
export interface BusPart extends Part {
  readonly clusterId: string;
  readonly monitoringUrl: string | undefined;
}

/** Everything that `npm start` runs, but the page. */
export interface Shop {
  readonly bus: BusPart;
  readonly database: Part;
  readonly instances: Instances;
  /** Stops the instances, then the event bus, then the database. */
  stop(): Promise<void>;
}

/**
 * Starts database, event bus and prepares the instances of both services, in this order. What was started before a step
 * that fails is stopped again.
 */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const started: Part[] = [];
  const stopParts = async () => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  try {
    const database = await startDatabase(options);
    started.push(database);
    const bus = await startBus(options);
    started.push(bus);
    const instances = await prepareInstances(options, database, bus);
    const stop = async () => {
      await instances.stop();
      await bus.stop();
      await database.stop();
    };
    return { bus, database, instances, stop };
  } catch (error) {
    await stopParts();
    throw error;
  }
}

async function startDatabase({ databaseUrl, dataFolder, port }: ShopOptions): Promise<Part> {
  if (databaseUrl) return { url: databaseUrl, note: 'from DATABASE_URL', stop: () => Promise.resolve() };
  const folder = join(dataFolder, 'postgres');
  const postgres = await startKeptPostgres({ folder, port: await usualPort(5433, port) });
  return { url: postgres.url, note: `embedded, data in ${postgres.folder}`, stop: () => postgres.stop() };
}

async function startBus({ natsUrl, clusterId, port, broker: kind }: ShopOptions): Promise<BusPart> {
  if (natsUrl)
    return { url: natsUrl, clusterId, monitoringUrl: undefined, note: 'from NATS_URL', stop: () => Promise.resolve() };
  if (kind === 'jetstream') {
    const server = await startKeptNatsServer(await usualPort(4222, port));
    return {
      ...server,
      clusterId,
      monitoringUrl: undefined,
      note: 'nats-server with JetStream, in a temporary folder',
    };
  }
  const broker = await StanBroker.start({
    clusterId,
    port: await usualPort(4222, port),
    monitoringPort: await usualPort(8222, port),
    // As the course sets them: a client that died is noticed within some 15 s instead of minutes.
    heartbeatIntervalMs: 5_000,
    heartbeatTimeoutMs: 5_000,
    maxFailedHeartbeats: 2,
  });
  return {
    url: broker.url,
    clusterId,
    monitoringUrl: broker.monitoringUrl,
    note: 'embedded, in memory',
    stop: () => broker.close(),
  };
}

async function prepareInstances(options: ShopOptions, database: Part, bus: BusPart): Promise<Instances> {
  const firstPorts = { tickets: options.port + 10, orders: options.port + 20 };
  return Instances.prepare({
    count: options.instances,
    natsUrl: bus.url,
    clusterId: options.clusterId,
    monitoringUrl: bus.monitoringUrl,
    databaseUrls: await createServiceDatabases(services, { url: database.url, fresh: options.fresh }),
    portFor: (service, index) => usualPort(firstPorts[service] + index, options.port),
  });
}

/** The usual port of something, where it is free. A page at any free port wants the same for everything else. */
function usualPort(usual: number, pagePort: number): Promise<number> {
  return portNear(pagePort === 0 ? 0 : usual);
}
