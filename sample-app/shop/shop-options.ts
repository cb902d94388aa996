import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectFolder } from './project-folder.js';

/** How the shop is started: from the command line and the environment. */
export interface ShopOptions {
  /** Instances of each service. */
  readonly instances: number;
  /** Port of the page; 0 takes any free port, for everything else too. */
  readonly port: number;
  /** A server that is already there; without it one is started in this process. */
  readonly natsUrl: string | undefined;
  /** Its monitoring port: without it nobody knows how far the services are behind. */
  readonly natsMonitoringUrl: string | undefined;
  readonly clusterId: string;
  /** Which event bus: NATS Streaming, or JetStream. */
  readonly broker: 'stan' | 'jetstream';
  /** A Postgres that is already there; without it one is started. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded Postgres keeps its data. */
  readonly dataFolder: string;
  /** Start with empty databases. */
  readonly fresh: boolean;
}

/** What `npm start -- --help` prints. */
export const usage = `Usage: npm start [-- options]

  --instances N   run N instances of each service, 1 to 9 (default 1)
  --port N        port of the page (default PORT, or 3000); 0 takes free ports for everything
  --fresh         empty the databases of the services first (always so with the embedded event bus)
  --help          print this

Environment: NATS_URL, NATS_CLUSTER_ID (default test-cluster), DATABASE_URL, PORT, DATA_DIR (default .data)
             NATS_MONITORING_URL, beside NATS_URL: for the events that each service has still to handle
             BROKER=jetstream runs the services on JetStream: at NATS_URL, or a nats-server from .cache/bin or the PATH`;

/**
 * Reads the command line; `undefined` when help was asked for.
 * @throws Error that names the option or variable that is wrong
 */
export function readShopOptions(
  args: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): ShopOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      instances: { type: 'string' },
      port: { type: 'string' },
      fresh: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  return {
    instances: readNumber('--instances', values.instances ?? '1', 1, 9),
    port: readNumber(values.port === undefined ? 'PORT' : '--port', values.port ?? env['PORT'] ?? '3000', 0, 65_535),
    natsUrl: env['NATS_URL'] || undefined,
    natsMonitoringUrl: env['NATS_MONITORING_URL'] || undefined,
    // The embedded event bus starts empty. A copy of tickets whose events are gone could never be brought up to date.
    fresh: values.fresh === true || !env['NATS_URL'],
    clusterId: env['NATS_CLUSTER_ID'] || 'test-cluster',
    broker: readBroker(env['BROKER']),
    databaseUrl: env['DATABASE_URL'] || undefined,
    dataFolder: env['DATA_DIR'] || join(projectFolder(), '.data'),
  };
}

function readBroker(given = 'stan'): ShopOptions['broker'] {
  if (given === 'stan' || given === 'jetstream') return given;
  throw new Error(`BROKER must be stan or jetstream, got '${given}'`);
}

function readNumber(name: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (given.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, got '${given}'`);
}
