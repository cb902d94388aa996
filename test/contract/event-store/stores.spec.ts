import { TransactionHost } from '@nestjs-cls/transactional';
import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import type { StanEventStore } from 'nestjs-stan';
import {
  PostgresEventStore,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPg,
  fromPrisma,
  fromTransactionHost,
  fromTypeOrm,
} from 'nestjs-stan/postgres';
import type { StanSql } from 'nestjs-stan/postgres';
import { MemoryEventStore, eventStoreContract } from 'nestjs-stan/testing';
import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, describe, expect, it } from 'vitest';
import { usePostgres } from '../../support/postgres/use-postgres.js';

const postgres = usePostgres();
const atEnd: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of atEnd) await close();
});

/** Each adapter over the real library, but for Prisma, whose engine would be a download: there over its shape. */
const adapters: Record<string, () => StanSql<unknown> | Promise<StanSql<unknown>>> = {
  pg: () => fromPg<pg.PoolClient>(postgres.pool),
  TypeORM: async () => {
    const dataSource = new DataSource({ type: 'postgres', url: postgres.url });
    await dataSource.initialize();
    atEnd.push(() => dataSource.destroy());
    return fromTypeOrm(dataSource);
  },
  Drizzle: () => fromDrizzle(drizzle(postgres.pool)),
  Kysely: () => fromKysely(new Kysely<object>({ dialect: new PostgresDialect({ pool: postgres.pool }) })),
  Knex: () => {
    const db = knex({ client: 'pg', connection: postgres.url });
    atEnd.push(() => db.destroy());
    return fromKnex(db);
  },
  'the shape of Prisma': () => fromPrisma(prismaLike(postgres.pool)),
  'the shape of a TransactionHost': () =>
    fromTransactionHost(hostLike(postgres.pool), async (client, text, values) => {
      return (await client.query<Record<string, unknown>>(text, [...values])).rows;
    }),
};

const rules = { stream: 'ticket', key: 'k', first: 0, mode: 'every', unknownKey: 'first' } as const;
const parkedFacts = {
  ...{ handler: 'updated', subject: 'ticket:updated', sequence: 1, timestampNs: 0, headerText: '' },
  ...{ payload: Buffer.from('{}'), parkedAtMs: 0, attempts: 0, notBeforeMs: 0, lastError: undefined },
};

describe('MemoryEventStore', () => {
  for (const { title, run } of eventStoreContract(() => new MemoryEventStore())) it(title, run);
});

for (const [name, adapter] of Object.entries(adapters)) {
  describe(`PostgresEventStore over ${name}`, () => {
    const schema = postgres.schema();
    let made: Promise<StanEventStore> | undefined;
    const make = async () => {
      const store = new PostgresEventStore(await adapter(), { schema });
      await store.prepare();
      return store;
    };
    const store = () => (made ??= make());

    for (const { title, run } of eventStoreContract(store)) it(title, run);

    it('rejects where a statement failed and the work has swallowed its error: nothing was committed', async () => {
      const sql = await adapter();
      const swallowing = sql.transaction(async (tx) => {
        await sql.query(tx, 'SELECT nothing FROM nowhere', []).catch(() => undefined);
      });
      await expect(swallowing).rejects.toThrow();
    });

    it('rejects with the very error that the work has thrown', async () => {
      const failure = new Error('the handler fails');
      const work = (await store()).transaction(() => Promise.reject(failure));
      await expect(work).rejects.toBe(failure);
    });

    for (const version of [0, 1]) {
      it(`does not wait for the open transaction of version ${version}: what follows is early, and parked later`, async () => {
        const one = await store();
        const entity = (number: number) => ({ ...rules, consumer: `${schema}_${version}`, version: number });
        const advance = (number: number) => one.transaction((tx) => one.advance(tx, entity(number)));
        const park = () => one.transaction((tx) => one.park(tx, { ...entity(version + 1), ...parkedFacts }, 0));
        if (version === 1) await advance(0);
        await one.transaction(async (tx) => {
          await one.advance(tx, entity(version));
          expect(await advance(version + 1)).toBe('early');
          expect(await park()).toBe(false);
        });
        expect(await one.listParked(entity(0).consumer, { limit: 1 })).toEqual([]);
        expect(await advance(version + 1)).toBe('next');
      });
    }
  });
}

describe('the tables', () => {
  it('are made once by processes that start at the same time', async () => {
    const schema = postgres.schema();
    const stores = [1, 2, 3].map(() => new PostgresEventStore(fromPg(postgres.pool), { schema }));
    await Promise.all(stores.map((store) => store.prepare()));
    await expect(new PostgresEventStore(fromPg(postgres.pool), { schema, migrate: 'check' }).prepare()).resolves.toBe(
      undefined,
    );
  });

  it('are missed with the number of the migration in the mode "check"', async () => {
    const store = new PostgresEventStore(fromPg(postgres.pool), { schema: postgres.schema(), migrate: 'check' });
    await expect(store.prepare()).rejects.toMatchObject({ code: 'STAN_STORE_SCHEMA', missing: 1, found: 0 });
  });

  it('come from the printed statements as well, however often they are run', async () => {
    const schema = postgres.schema();
    for (let run = 1; run <= 2; run += 1) await postgres.pool.query(PostgresEventStore.migrationSql({ schema }));
    await new PostgresEventStore(fromPg(postgres.pool), { schema, migrate: 'check' }).prepare();
  });

  it('are never named by what could be more than a name', () => {
    expect(() => PostgresEventStore.migrationSql({ schema: 'a; DROP TABLE b' })).toThrow(/"schema"/);
  });
});

it('the double of a TransactionHost has the methods of the real one', () => {
  expect(Object.getOwnPropertyNames(TransactionHost.prototype)).toEqual(
    expect.arrayContaining(['withTransaction', 'tx']),
  );
});

/** `PrismaClient` as far as the adapter uses it: positional values, rows as objects, bytes as Uint8Array. */
function prismaLike(pool: pg.Pool) {
  return {
    $transaction: <T>(
      work: (tx: { $queryRawUnsafe: (text: string, ...values: unknown[]) => Promise<unknown> }) => Promise<T>,
    ) =>
      fromPg(pool).transaction((client) =>
        work({ $queryRawUnsafe: async (text, ...values) => (await client.query(text, values)).rows }),
      ),
  };
}

/** `TransactionHost` as far as the adapter uses it. */
function hostLike(pool: pg.Pool) {
  const clients = new AsyncLocalStorage<pg.PoolClient>();
  return {
    get tx(): pg.PoolClient {
      return clients.getStore()!;
    },
    withTransaction: <T>(work: () => Promise<T>) =>
      fromPg<pg.PoolClient>(pool).transaction((client) => clients.run(client, work)),
  };
}
