import { MikroORM } from '@mikro-orm/postgresql';
import { ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import { ClsModule } from 'nestjs-cls';
import type { StanEventStore } from 'nestjs-stan';
import {
  PostgresEventStore,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromMikroOrm,
  fromPg,
  fromPrisma,
  fromTransactionHost,
  fromTypeOrm,
} from 'nestjs-stan/postgres';
import type { StanSql } from 'nestjs-stan/postgres';
import { MemoryEventStore, eventStoreContract } from 'nestjs-stan/testing';
import { AsyncResource } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, describe, expect, it } from 'vitest';
import { prismaOn } from '../../support/postgres/prisma-client.mjs';
import { usePostgres } from '../../support/postgres/use-postgres.js';

const postgres = usePostgres();
const atEnd: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of atEnd) await close();
});

/** Each adapter over the real library. */
const adapters: Record<string, () => StanSql<unknown> | Promise<StanSql<unknown>>> = {
  pg: () => fromPg<pg.PoolClient>(postgres.pool),
  TypeORM: async () => fromTypeOrm(await typeOrmOn(postgres.url)),
  Drizzle: () => fromDrizzle(drizzle(postgres.pool)),
  Kysely: () => fromKysely(new Kysely<object>({ dialect: new PostgresDialect({ pool: postgres.pool }) })),
  Knex: () => {
    const db = knex({ client: 'pg', connection: postgres.url });
    atEnd.push(() => db.destroy());
    return fromKnex(db);
  },
  Prisma: () => {
    const prisma = prismaOn(postgres.url);
    atEnd.push(() => prisma.$disconnect());
    return fromPrisma(prisma);
  },
  MikroORM: async () => {
    const orm = await MikroORM.init({
      clientUrl: postgres.url,
      entities: [],
      discovery: { warnWhenNoEntities: false },
    });
    atEnd.push(() => orm.close());
    return fromMikroOrm(orm);
  },
  'a TransactionHost of @nestjs-cls/transactional': async () => {
    const dataSource = await typeOrmOn(postgres.url);
    return fromTransactionHost(await transactionHostOf(dataSource), fromTypeOrm(dataSource).query);
  },
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

    it('tells a transaction that lost against another one from other failures', async () => {
      const sql = await adapter();
      const failWith = (code: string) =>
        sql
          .transaction((tx) =>
            sql.query(tx, `DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '${code}'; END $$`, []),
          )
          .catch((error: unknown) => error);
      const [lost, deadlock, other] = [await failWith('40001'), await failWith('40P01'), await failWith('23514')];
      const { isConflict } = PostgresEventStore.prototype;
      expect([lost, deadlock, other].map((error) => isConflict(error))).toEqual([true, true, false]);
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
        // As for another event: in the async context of an open transaction a TransactionHost would join it.
        const apart = AsyncResource.bind((work: () => Promise<unknown>) => work());
        const advance = (number: number) => apart(() => one.transaction((tx) => one.advance(tx, entity(number))));
        const parked = { ...entity(version + 1), ...parkedFacts };
        const park = () => apart(() => one.transaction((tx) => one.park(tx, parked, 0)));
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

it('the statement of the docs takes over the versions of a table that a service has kept by itself', async () => {
  const [schema, own] = [postgres.schema(), postgres.schema()];
  const store = new PostgresEventStore(fromPg<pg.PoolClient>(postgres.pool), { schema });
  await store.prepare();
  await postgres.pool.query(`CREATE TABLE ${own} (ticket_id uuid PRIMARY KEY, version int NOT NULL)`);
  const key = '6f9619ff-8b86-4d11-b42d-00c04fc964ff';
  await postgres.pool.query(`INSERT INTO ${own} VALUES ($1, 4)`, [key]);
  const statement = (await statementOfDocs('## From a table of your own'))
    .replace('nestjs_stan.', `${schema}.`)
    .replace('my_inbox', own);
  for (let run = 1; run <= 2; run += 1) await postgres.pool.query(statement);

  const entity = { consumer: 'orders', stream: 'ticket', key, first: 0, mode: 'every', unknownKey: 'first' } as const;
  const advance = (version: number) => store.transaction((tx) => store.advance(tx, { ...entity, version }));
  expect(await advance(4)).toBe('stale');
  expect(await advance(6)).toBe('early');
  expect(await advance(5)).toBe('next');
  // What has counted since is kept where the statement is run once more.
  await postgres.pool.query(statement);
  expect(await advance(5)).toBe('stale');
});

/** The first SQL block below a heading of the page. */
async function statementOfDocs(heading: string): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../../docs/every-event-counts-once.md'), 'utf8');
  const [, section = ''] = page.split(heading);
  const [, statement] = /```sql\n([^`]*)```/.exec(section) ?? [];
  if (statement === undefined) throw new Error(`no SQL below "${heading}"`);
  return statement;
}

async function typeOrmOn(url: string): Promise<DataSource> {
  const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
  atEnd.push(() => dataSource.destroy());
  return dataSource;
}

/** The host that an app with nestjs-cls injects. */
async function transactionHostOf(dataSource: DataSource): Promise<TransactionHost<TransactionalAdapterTypeOrm>> {
  const plugin = new ClsPluginTransactional({
    imports: [databaseModule(dataSource)],
    adapter: new TransactionalAdapterTypeOrm({
      dataSourceToken: DataSource,
      defaultTxOptions: { isolationLevel: 'READ COMMITTED' },
    }),
  });
  const app = await NestFactory.createApplicationContext(ClsModule.forRoot({ plugins: [plugin] }), { logger: false });
  atEnd.push(() => app.close());
  return app.get(TransactionHost);
}

function databaseModule(dataSource: DataSource): DynamicModule {
  const provider = { provide: DataSource, useValue: dataSource };
  return { module: DatabaseModule, providers: [provider], exports: [provider] };
}

@Global()
@Module({})
class DatabaseModule {}
