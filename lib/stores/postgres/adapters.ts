import type { SqlRow, StanSql } from './sql.js';

// Structural: none of these packages is loaded, and their versions are the app's affair.

/**
 * Makes sure that a transaction is still sound before it is committed. Postgres answers COMMIT after a failed statement with a
 * silent roll-back; where a handler swallowed that statement's error, its event would be acked and its effects gone.
 */
async function provenSound<T>(result: T, statement: () => Promise<unknown>): Promise<T> {
  await statement();
  return result;
}

const soundness = 'SELECT 1 AS sound';

/** @publicApi */
export interface PgClientLike {
  query(text: string, values?: unknown[]): Promise<{ rows: SqlRow[]; command: string }>;
  release(error?: Error | boolean): void;
}

/** @publicApi */
export interface PgPoolLike<Client extends PgClientLike> {
  connect(): Promise<Client>;
}

/**
 * For a `Pool` of pg. The transaction that handlers get is its client.
 * @publicApi
 */
export function fromPg<Client extends PgClientLike>(pool: PgPoolLike<Client>): StanSql<Client> {
  return {
    transaction: async (work) => {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
        const result = await work(client);
        const { command } = await client.query('COMMIT');
        if (command !== 'COMMIT') throw new Error('a statement of the transaction failed, so Postgres rolled it back');
        return result;
      } catch (error) {
        // A connection that cannot roll back must not go back into the pool with its transaction open.
        await client.query('ROLLBACK').catch((cause: unknown) => {
          broken = cause instanceof Error ? cause : new Error('the roll-back failed', { cause });
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    query: async (client, text, values) => (await client.query(text, [...values])).rows,
  };
}

/** @publicApi */
export interface TypeOrmManagerLike {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/** @publicApi */
export interface TypeOrmDataSourceLike<Manager extends TypeOrmManagerLike> {
  transaction<T>(isolation: 'READ COMMITTED', work: (manager: Manager) => Promise<T>): Promise<T>;
}

/**
 * For a `DataSource` of TypeORM. The transaction that handlers get is its `EntityManager`.
 * @publicApi
 */
export function fromTypeOrm<Manager extends TypeOrmManagerLike>(
  dataSource: TypeOrmDataSourceLike<Manager>,
): StanSql<Manager> {
  const query = async (manager: Manager, text: string, values: readonly unknown[]) =>
    rowsOfTypeOrm(await manager.query(text, [...values]));
  return {
    transaction: (work) =>
      dataSource.transaction('READ COMMITTED', async (manager) =>
        provenSound(await work(manager), () => query(manager, soundness, [])),
      ),
    query,
  };
}

/** For UPDATE and DELETE TypeORM gives `[rows, count]`. */
function rowsOfTypeOrm(result: unknown): readonly SqlRow[] {
  if (!Array.isArray(result)) return [];
  const [first, second] = result as unknown[];
  const isPair = result.length === 2 && Array.isArray(first) && typeof second === 'number';
  return (isPair ? first : result) as SqlRow[];
}

/** @publicApi */
export interface PrismaTransactionLike {
  $queryRawUnsafe(text: string, ...values: unknown[]): Promise<unknown>;
}

/** @publicApi */
export interface PrismaTransactionOptions {
  /** Unit: milliseconds. Prisma's own default is 5 000: keep it above your slowest handler. */
  readonly timeout?: number;
  /** How long to wait for a connection. Unit: milliseconds. */
  readonly maxWait?: number;
}

/** @publicApi */
export interface PrismaClientLike<Tx extends PrismaTransactionLike> {
  $transaction<T>(
    work: (tx: Tx) => Promise<T>,
    options: PrismaTransactionOptions & { isolationLevel: 'ReadCommitted' },
  ): Promise<T>;
}

/**
 * For a `PrismaClient`. The transaction that handlers get is its interactive transaction.
 * @publicApi
 */
export function fromPrisma<Tx extends PrismaTransactionLike>(
  prisma: PrismaClientLike<Tx>,
  options: PrismaTransactionOptions = {},
): StanSql<Tx> {
  const query = async (tx: Tx, text: string, values: readonly unknown[]) =>
    (await tx.$queryRawUnsafe(text, ...values)) as readonly SqlRow[];
  return {
    transaction: (work) =>
      prisma.$transaction(async (tx) => provenSound(await work(tx), () => query(tx, soundness, [])), {
        ...options,
        isolationLevel: 'ReadCommitted',
      }),
    query,
  };
}

/** @publicApi */
export interface DrizzleTransactionLike {
  execute(query: never): PromiseLike<unknown>;
}

/** @publicApi */
export interface DrizzleDatabaseLike<Tx extends DrizzleTransactionLike> {
  transaction<T>(work: (tx: Tx) => Promise<T>, config: { isolationLevel: 'read committed' }): Promise<T>;
}

/**
 * For a Postgres database of Drizzle (`drizzle-orm/node-postgres` or `postgres-js`). The transaction that handlers get is its own.
 * @publicApi
 */
export function fromDrizzle<Tx extends DrizzleTransactionLike>(db: DrizzleDatabaseLike<Tx>): StanSql<Tx> {
  const query = async (tx: Tx, text: string, values: readonly unknown[]) => {
    const result = await tx.execute(drizzleQuery(text, values) as never);
    return (Array.isArray(result) ? result : (result as { rows: unknown }).rows) as readonly SqlRow[];
  };
  return {
    transaction: (work) =>
      db.transaction(async (tx) => provenSound(await work(tx), () => query(tx, soundness, [])), {
        isolationLevel: 'read committed',
      }),
    query,
  };
}

/** What Drizzle takes for a query of its own: something that gives its text and values. */
function drizzleQuery(text: string, values: readonly unknown[]): object {
  const statement = { toQuery: () => ({ sql: text, params: [...values] }), getSQL: () => statement };
  return statement;
}

/** @publicApi */
export interface KyselyTransactionLike {
  executeQuery(query: never): Promise<{ rows: readonly unknown[] }>;
}

/** @publicApi */
export interface KyselyLike<Tx extends KyselyTransactionLike> {
  transaction(): {
    setIsolationLevel(level: 'read committed'): { execute<T>(work: (tx: Tx) => Promise<T>): Promise<T> };
  };
}

/**
 * For a `Kysely` on Postgres. The transaction that handlers get is its `Transaction`.
 * @publicApi
 */
export function fromKysely<Tx extends KyselyTransactionLike>(db: KyselyLike<Tx>): StanSql<Tx> {
  const query = async (tx: Tx, text: string, values: readonly unknown[]) => {
    const { rows } = await tx.executeQuery(kyselyQuery(text, values) as never);
    return rows as readonly SqlRow[];
  };
  return {
    transaction: (work) =>
      db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (tx) => provenSound(await work(tx), () => query(tx, soundness, []))),
    query,
  };
}

/** The shape of Kysely's `CompiledQuery.raw()`. */
function kyselyQuery(sql: string, values: readonly unknown[]): object {
  const query = { kind: 'RawNode', sqlFragments: [sql], parameters: [] };
  return { sql, parameters: [...values], query, queryId: { queryId: 'nestjs-stan' } };
}

/** @publicApi */
export interface KnexTransactionLike {
  raw(text: string, bindings: never): PromiseLike<unknown>;
}

/** @publicApi */
export interface KnexLike<Tx extends KnexTransactionLike> {
  transaction<T>(work: (tx: Tx) => Promise<T>, config: { isolationLevel: 'read committed' }): Promise<T>;
}

/**
 * For a `Knex` on Postgres. The transaction that handlers get is its `Transaction`.
 * @publicApi
 */
export function fromKnex<Tx extends KnexTransactionLike>(knex: KnexLike<Tx>): StanSql<Tx> {
  const query = async (tx: Tx, text: string, values: readonly unknown[]) => {
    const named = Object.fromEntries(values.map((value, index) => [`v${String(index + 1)}`, value]));
    const result = await tx.raw(text.replace(/\$(\d+)/g, ':v$1'), named as never);
    return (result as { rows: readonly SqlRow[] }).rows;
  };
  return {
    transaction: (work) =>
      knex.transaction(async (tx) => provenSound(await work(tx), () => query(tx, soundness, [])), {
        isolationLevel: 'read committed',
      }),
    query,
  };
}

/** @publicApi */
export interface MikroOrmManagerLike {
  execute(text: string, values: unknown[], method: 'all'): Promise<unknown>;
}

/** @publicApi */
export interface MikroOrmLike<Manager extends MikroOrmManagerLike> {
  readonly em: {
    fork(): {
      transactional<T>(work: (manager: Manager) => Promise<T>, options: { isolationLevel: never }): Promise<T>;
    };
  };
}

/**
 * For a `MikroORM` of `@mikro-orm/postgresql`. The transaction that handlers get is an `EntityManager` of its own: what it has
 * persisted is flushed before the commit, and an injected `EntityManager` takes part in the same transaction.
 * @publicApi
 */
export function fromMikroOrm<Manager extends MikroOrmManagerLike>(orm: MikroOrmLike<Manager>): StanSql<Manager> {
  const query = async (manager: Manager, text: string, values: readonly unknown[]) => {
    const given: unknown[] = [];
    // Its places are `?`, in order: a value that the statement names twice is given twice.
    const places = text.replace(/\$(\d+)/g, (_, number: string) => {
      given.push(values[Number(number) - 1]);
      return '?';
    });
    return (await manager.execute(places, given, 'all')) as readonly SqlRow[];
  };
  return {
    transaction: (work) =>
      orm.em
        .fork()
        .transactional(async (manager) => provenSound(await work(manager), () => query(manager, soundness, [])), {
          // The value of its enum: the enum itself is not ours to import.
          isolationLevel: 'read committed' as never,
        }),
    query,
  };
}

/** @publicApi */
export interface TransactionHostLike<Tx> {
  readonly tx: Tx;
  withTransaction<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * For a `TransactionHost` of @nestjs-cls/transactional: what injects it takes part in the transaction without an argument.
 * @param host - its adapter must be one for the database of the event store, at READ COMMITTED
 * @param query - runs one statement in its `tx`, as the other adapters do
 * @publicApi
 */
export function fromTransactionHost<Tx>(host: TransactionHostLike<Tx>, query: StanSql<Tx>['query']): StanSql<Tx> {
  return {
    transaction: (work) =>
      host.withTransaction(async () => provenSound(await work(host.tx), () => query(host.tx, soundness, []))),
    query,
  };
}
