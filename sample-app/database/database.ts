import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';

/** What both a connection outside of a transaction and one inside of it can do. */
export interface Queryable {
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number }>;
}

/** The database of one service: a pool of connections, and transactions on them. */
@Injectable()
export class Database implements Queryable, OnApplicationShutdown {
  readonly #logger = new Logger(Database.name);
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000 });
    // Without a listener, an idle connection that the server closes would end the process.
    this.#pool.on('error', (error) => {
      if (!this.#pool.ending) this.#logger.warn(`lost a database connection: ${error.message}`);
    });
  }

  async query<Row extends object>(sql: string, values: readonly unknown[] = []) {
    return queryOn<Row>(this.#pool, sql, values);
  }

  /** Runs `work` in one transaction: all of it is stored, or, when it throws, nothing. */
  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work({ query: (sql, values = []) => queryOn(client, sql, values) });
      await client.query('COMMIT');
      return result;
    } catch (error) {
      // A connection that cannot roll back must not go back into the pool with its transaction open.
      await client.query('ROLLBACK').catch((cause: unknown) => (broken = cause as Error));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** Closes all connections once they are idle; called by Nest after the last handler has finished. */
  async onApplicationShutdown(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }
}

async function queryOn<Row extends object>(on: pg.Pool | pg.PoolClient, sql: string, values: readonly unknown[]) {
  const { rows, rowCount } = await on.query<Row>(sql, [...values]);
  return { rows, rowCount: rowCount ?? 0 };
}
