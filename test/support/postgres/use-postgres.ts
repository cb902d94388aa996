import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { EmbeddedPostgres } from '../../../sample-app/database/embedded-postgres.js';
import { freePort } from '../free-port.js';
import { fresh } from '../fresh.js';

/** A database of its own for each test that asks for one. */
export interface UsedPostgres {
  readonly url: string;
  /** A pool on the database of this file; its end is ours. */
  readonly pool: pg.Pool;
  /** A schema name that no other test uses. */
  schema(): string;
}

/** Starts a Postgres for the test file that calls this at its top (or takes `DATABASE_URL`), and stops it after it. */
export function usePostgres(): UsedPostgres {
  let url = process.env['DATABASE_URL'] ?? '';
  let stop: (() => Promise<void>) | undefined;
  let pool: pg.Pool | undefined;
  beforeAll(async () => {
    if (url === '') ({ url, stop } = await startPostgres());
    pool = new pg.Pool({ connectionString: url, max: 20 });
    pool.on('error', () => undefined);
  });
  afterAll(async () => {
    await pool?.end();
    await stop?.();
  });
  return {
    get url() {
      return url;
    },
    get pool() {
      if (pool === undefined) throw new Error('Postgres is started in beforeAll: use it inside of a test');
      return pool;
    },
    schema: () => fresh('s').replaceAll('-', '_'),
  };
}

/** A Postgres in a temporary folder. */
export async function startPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-stan-postgres-'));
  // For root, whose Postgres runs as another user.
  await chmod(folder, 0o755);
  const postgres = await EmbeddedPostgres.start({ folder: join(folder, 'data'), port: await freePort() });
  const stop = async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url: postgres.url, stop };
}
