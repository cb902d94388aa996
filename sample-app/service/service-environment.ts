import { uniqueClientId } from 'nestjs-stan';
import type { StanDriverChoice } from 'nestjs-stan';
import { jetstream } from 'nestjs-stan/jetstream';
import type { ServiceName } from './service-messages.js';

/** What an instance of a service has to be told; everything comes from the environment. */
export interface ServiceEnvironment {
  readonly service: ServiceName;
  /** The instance's name on the server (with `-in` and `-out`, since listening and publishing are two clients) and in logs. */
  readonly clientId: string;
  readonly databaseUrl: string;
  readonly natsUrls: readonly string[];
  readonly clusterId: string;
  /** JetStream with `BROKER=jetstream`; NATS Streaming where `undefined`. */
  readonly driver: StanDriverChoice | undefined;
  /** The monitoring port of the server, for the lag in `/metrics`. */
  readonly monitoringUrl?: string | undefined;
  readonly host: string;
  readonly port: number;
}

const defaultPorts: Readonly<Record<ServiceName, number>> = { tickets: 3001, orders: 3002 };

/**
 * Reads `DATABASE_URL`, `NATS_URL`, `NATS_CLUSTER_ID`, `NATS_CLIENT_ID`, `NATS_MONITORING_URL`, `BROKER`,
 * `HOST` and `PORT`.
 * @throws Error that names the variable that is missing or wrong
 */
export function readServiceEnvironment(service: ServiceName, env: NodeJS.ProcessEnv = process.env): ServiceEnvironment {
  const databaseUrl = env['DATABASE_URL'];
  if (!databaseUrl)
    throw new Error(`DATABASE_URL is missing: the Postgres database of ${service}, postgres://user:pass@host/name`);
  const port = Number(env['PORT'] ?? defaultPorts[service]);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT must be a port, got ${String(env['PORT'])}`);
  return {
    service,
    // A name that stays is best (a pod's name in a StatefulSet): after a crash the server swaps the dead client at once.
    clientId: env['NATS_CLIENT_ID'] ?? uniqueClientId(service)(),
    databaseUrl,
    natsUrls: (env['NATS_URL'] ?? 'nats://127.0.0.1:4222').split(','),
    clusterId: env['NATS_CLUSTER_ID'] ?? 'test-cluster',
    driver: env['BROKER'] === 'jetstream' ? jetstream() : undefined,
    monitoringUrl: env['NATS_MONITORING_URL'],
    host: env['HOST'] ?? '0.0.0.0',
    port,
  };
}
