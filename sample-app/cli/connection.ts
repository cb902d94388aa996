import { parseArgs } from 'node:util';

/** Where the two programs of the course connect to. */
export interface Connection {
  readonly servers: readonly string[];
  readonly clusterId: string;
}

/** From `NATS_URL` and `NATS_CLUSTER_ID`, or a server with the default cluster id on this machine. */
export function readConnection(env: NodeJS.ProcessEnv = process.env): Connection {
  return {
    servers: (env['NATS_URL'] || 'nats://127.0.0.1:4222').split(','),
    clusterId: env['NATS_CLUSTER_ID'] || 'test-cluster',
  };
}

/** The words of the command line that are no options. */
export function readWords(): string[] {
  return parseArgs({ allowPositionals: true }).positionals;
}
