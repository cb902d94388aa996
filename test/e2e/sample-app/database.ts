import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Database } from '../../../sample-app/database/database.js';
import { EmbeddedPostgres } from '../../../sample-app/database/embedded-postgres.js';
import { migrate } from '../../../sample-app/database/migrate.js';
import { createServiceDatabases } from '../../../sample-app/database/service-databases.js';
import { freePort } from '../../support/free-port.js';

/** The Postgres of a test file. */
export interface TestPostgres {
  /** Where it is; known once `beforeAll` has run. */
  readonly url: string;
  /** An empty database with the tables of a service, closed when the file is over. */
  emptyDatabase(tables: string): Promise<Database>;
}

/** Starts a Postgres for the test file that calls this at its top (or takes `DATABASE_URL`), and stops it after it. */
export function usePostgres(): TestPostgres {
  const opened: Database[] = [];
  let url = process.env['DATABASE_URL'] ?? '';
  let stop = () => Promise.resolve();
  beforeAll(async () => {
    if (url === '') ({ url, stop } = await startTemporary());
  });
  afterAll(async () => {
    // Not one after the other: a test that failed may have left a transaction open, which only the server's end ends.
    const closed = Promise.all(opened.map((database) => database.onApplicationShutdown()));
    await stop();
    await closed;
  });
  return {
    get url() {
      return url;
    },
    async emptyDatabase(tables) {
      const name = `test_${process.pid}_${opened.length}`;
      const urls = await createServiceDatabases([name], { url, fresh: true });
      const database = new Database(urls[name]!);
      opened.push(database);
      await migrate(database, tables);
      return database;
    },
  };
}

async function startTemporary(): Promise<{ url: string; stop: () => Promise<void> }> {
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
