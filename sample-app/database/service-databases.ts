import pg from 'pg';

/** How the databases of the services are made ready. */
export interface ServiceDatabasesOptions {
  /** Any database of the Postgres server that may create others. */
  readonly url: string;
  /** Start with empty ones. */
  readonly fresh: boolean;
}

/** Makes one database per service where it is missing and returns their URLs. */
export async function createServiceDatabases<Service extends string>(
  services: readonly Service[],
  { url, fresh }: ServiceDatabasesOptions,
): Promise<Record<Service, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const urls = {} as Record<Service, string>;
    for (const service of services) urls[service] = await createOne(client, url, `sample_${service}`, fresh);
    return urls;
  } finally {
    await client.end();
  }
}

async function createOne(client: pg.Client, url: string, name: string, fresh: boolean): Promise<string> {
  if (fresh) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}
