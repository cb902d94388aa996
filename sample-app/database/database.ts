import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { fromPg } from 'nestjs-stan/postgres';
import type { StanSql } from 'nestjs-stan/postgres';
import pg from 'pg';

/** What both a connection outside of a transaction and one inside of it can do. */
export interface Queryable {
  query<Row extends object>(sql: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** The database of one service: a pool of connections, and transactions on them. */
@Injectable()
export class Database implements Queryable, OnApplicationShutdown {
  /** For the event store of the transport, so that events count in the database that their handlers write to. */
  readonly sql: StanSql<pg.PoolClient>;
  private readonly logger = new Logger(Database.name);
  private readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000 });
    // Without a listener, an idle connection that the server closes would end the process.
    this.pool.on('error', (error) => {
      if (!this.pool.ending) this.logger.warn(`lost a database connection: ${error.message}`);
    });
    this.sql = fromPg(this.pool);
  }

  query<Row extends object>(sql: string, values: unknown[] = []) {
    return this.pool.query<Row>(sql, values);
  }

  /** Runs `work` in one transaction: all of it is stored, or, when it throws, nothing. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  /** Closes all connections once they are idle; called by Nest after the last handler has finished. */
  async onApplicationShutdown(): Promise<void> {
    if (!this.pool.ending) await this.pool.end();
  }
}
