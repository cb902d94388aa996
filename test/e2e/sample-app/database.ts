import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Database } from '../../../sample-app/database/database.js';
import { EmbeddedPostgres } from '../../../sample-app/database/embedded-postgres.js';
import { migrate } from '../../../sample-app/database/migrate.js';
import { createServiceDatabases } from '../../../sample-app/database/service-databases.js';
import { freePort } from '../../support/free-port.js';

/** A Postgres of this test file, or the one of `DATABASE_URL`; stopped when the file is over. Call it in `beforeAll`. */
export async function startPostgres(): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given) return given;
  const parent = await mkdtemp(join(tmpdir(), 'nestjs-stan-postgres-'));
  const postgres = await EmbeddedPostgres.start({ folder: join(parent, 'data'), port: await freePort() });
  afterAll(async () => {
    await postgres.stop();
    rmSync(parent, { recursive: true, force: true });
  });
  return postgres.url;
}

let count = 0;

/** An empty database with the tables of a service, closed when the test file is over. */
export async function emptyDatabase(url: string, tables: string): Promise<Database> {
  count += 1;
  const name = `test_${process.pid}_${count}`;
  const urls = await createServiceDatabases([name], { url, fresh: true });
  const database = new Database(urls[name]!);
  afterAll(() => database.onApplicationShutdown());
  await migrate(database, tables);
  return database;
}
