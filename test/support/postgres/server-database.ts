import pg from 'pg';
import { fresh } from '../fresh.js';
import { sqlStoreTables } from './sql-store-tables.js';

/** Where the servers of a run keep what they store, given by `npm run test:faults -- --store sql`: in Postgres. */
export const sqlStoreUrl = (): string | undefined => process.env['SQL_STORE_URL'];

/** The database of a `nats-streaming-server`, with the tables of its SQL store. */
export class ServerDatabase {
  private constructor(
    private readonly adminUrl: string,
    private readonly name: string,
  ) {}

  /** An empty one. */
  static async create(adminUrl: string): Promise<ServerDatabase> {
    const database = new ServerDatabase(adminUrl, fresh('stan').replaceAll('-', '_'));
    await database.fill();
    return database;
  }

  /** What the server is started with. */
  get flags(): string[] {
    const source = new URL(this.url);
    source.searchParams.set('sslmode', 'disable');
    const connections = ['--sql_max_open_conns', '10'];
    return ['-st', 'SQL', '--sql_driver', 'postgres', '--sql_source', source.toString(), ...connections];
  }

  /** Forgets all that is stored; its server must be gone. */
  async clear(): Promise<void> {
    await this.drop();
    await this.fill();
  }

  /** Idempotent. */
  async drop(): Promise<void> {
    // A killed server's connections last until Postgres has noticed.
    await run(this.adminUrl, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }

  private get url(): string {
    const url = new URL(this.adminUrl);
    url.pathname = `/${this.name}`;
    return url.toString();
  }

  private async fill(): Promise<void> {
    await run(this.adminUrl, `CREATE DATABASE ${this.name}`);
    await run(this.url, sqlStoreTables);
  }
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
