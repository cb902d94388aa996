import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresEventStore } from 'nestjs-stan/postgres';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/database.js';
import { startKeptPostgres } from '../database/kept-postgres.js';
import type { KeptPostgres } from '../database/kept-postgres.js';
import { portNear } from '../shop/free-port.js';
import type { Books, DemoEvent } from './books.js';

/** A Postgres for one run, gone after it: what a handler writes and that its event has counted are one transaction. */
export class DemoDatabase {
  readonly store: PostgresEventStore;

  private constructor(
    private readonly postgres: KeptPostgres,
    private readonly folder: string,
    private readonly database: Database,
  ) {
    this.store = new PostgresEventStore(database.sql);
  }

  static async start(): Promise<DemoDatabase> {
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-stan-demo-'));
    const postgres = await startKeptPostgres({ folder: join(folder, 'postgres'), port: await portNear(0) });
    const database = new Database(postgres.url);
    await database.query(
      `CREATE TABLE written (nr bigint GENERATED ALWAYS AS IDENTITY, id text, version integer, price integer)`,
    );
    return new DemoDatabase(postgres, folder, database);
  }

  /** Writes whatever comes, as {@link Books.write} does. */
  async write(transaction: Queryable, { id, version, price }: DemoEvent): Promise<void> {
    await transaction.query('INSERT INTO written (id, version, price) VALUES ($1, $2, $3)', [id, version, price]);
  }

  /** Has the books show what is committed. */
  async readInto(books: Books): Promise<void> {
    const { rows } = await this.database.query<DemoEvent>('SELECT id, version, price FROM written ORDER BY nr');
    books.replaceAll(rows);
  }

  async close(): Promise<void> {
    await this.database.onApplicationShutdown();
    await this.postgres.stop();
    for (const folder of [this.postgres.folder, this.folder])
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
