// Once per run of Vitest, before its workers start: a Postgres for the real servers, where the run asks for their SQL store.
import { sqlStoreUrl } from './server-database.js';

/** Starts it where `TEST_STORE=sql`; the answer stops it. */
export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  // Each project of the run calls this.
  if (process.env['TEST_STORE'] !== 'sql' || sqlStoreUrl() !== undefined) return undefined;
  const { startPostgres } = await import('./use-postgres.js');
  const { url, stop } = await startPostgres();
  // Workers inherit it.
  process.env['SQL_STORE_URL'] = url;
  return stop;
}
