import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EmbeddedPostgres } from '../../dist/sample-app/database/embedded-postgres.js';
import { freePort } from './server.mjs';

/** A Postgres in a temporary folder, with its defaults: each commit is written to the disk. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-bench-postgres-'));
  // For root, whose Postgres runs as another user.
  chmodSync(folder, 0o755);
  const postgres = await EmbeddedPostgres.start({ folder: join(folder, 'data'), port: await freePort() });
  const close = async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: postgres.url, close };
}
