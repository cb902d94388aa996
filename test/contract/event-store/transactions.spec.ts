import type { Type } from '@nestjs/common';
import { Controller } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common/interfaces/index.js';
import { Payload } from '@nestjs/microservices';
import { ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import type { TransactionalAdapter } from '@nestjs-cls/transactional';
import { ClsModule } from 'nestjs-cls';
import { StanEventPattern, StanTransaction, durableQueue } from 'nestjs-stan';
import { PostgresEventStore, fromPg, fromPrisma, fromTransactionHost, fromTypeOrm } from 'nestjs-stan/postgres';
import type { StanSql } from 'nestjs-stan/postgres';
import type pg from 'pg';
import type { EntityManager } from 'typeorm';
import { DataSource } from 'typeorm';
import { expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { contract } from '../../support/contract.js';
import type { TicketEvent } from '../../support/counting-world.js';
import { ticketVersions } from '../../support/counting-world.js';
import { fresh } from '../../support/fresh.js';
import { usePostgres } from '../../support/postgres/use-postgres.js';

const postgres = usePostgres();

/** How an app reaches its database, and how its handlers write with what `@StanTransaction()` gives them. */
interface Library {
  readonly sql: () => StanSql<unknown>;
  readonly imports?: ModuleMetadata['imports'];
  write(tx: unknown, text: string, values: unknown[]): Promise<unknown>;
}

/** `PrismaClient` as far as it is used here: its engine would be a download. */
interface PrismaLikeTx {
  $queryRawUnsafe(text: string, ...values: unknown[]): Promise<unknown>;
}

const libraries: Record<string, () => Library | Promise<Library>> = {
  TypeORM: async () => {
    const dataSource = new DataSource({ type: 'postgres', url: postgres.url });
    await dataSource.initialize();
    cleanUpAfterTest(() => dataSource.destroy());
    return {
      sql: () => fromTypeOrm(dataSource),
      write: (tx, text, values) => (tx as EntityManager).query(text, values),
    };
  },
  'the shape of Prisma': () => ({
    sql: () =>
      fromPrisma<PrismaLikeTx>({
        $transaction: (work) =>
          fromPg<pg.PoolClient>(postgres.pool).transaction((client) =>
            work({ $queryRawUnsafe: async (text, ...values) => (await client.query(text, values)).rows as unknown }),
          ),
      }),
    write: (tx, text, values) => (tx as PrismaLikeTx).$queryRawUnsafe(text, ...values),
  }),
  '@nestjs-cls/transactional, without an argument': () => {
    const host = () => TransactionHost.getInstance<PgAdapter>();
    return {
      sql: () =>
        fromTransactionHost(
          host(),
          async (client, text, values) => (await client.query<Record<string, unknown>>(text, [...values])).rows,
        ),
      imports: [ClsModule.forRoot({ plugins: [new ClsPluginTransactional({ adapter: pgAdapter() })] })],
      write: (_tx, text, values) => host().tx.query(text, values),
    };
  },
};

contract('the transaction of a handler', (t) => {
  for (const [name, make] of Object.entries(libraries)) {
    it(`is rolled back as a whole where the handler fails after its writes, with ${name}`, async () => {
      const library = await make();
      const [schema, subject, service] = [postgres.schema(), fresh('ticket'), fresh('orders')];
      let runs = 0;
      const [fail, failures] = [new Error('fails after its writes'), [] as unknown[]];
      const controller = listener(subject, async (event, tx) => {
        runs += 1;
        await library.write(tx, `INSERT INTO ${schema}.effects VALUES ($1)`, [`run ${runs} of ${event.version}`]);
        if (runs === 1) throw fail;
      });
      let store: PostgresEventStore | undefined;
      const { server } = await t.app({
        controllers: [controller],
        ...(library.imports && { imports: library.imports }),
        server: {
          store: () => (store ??= new PostgresEventStore(library.sql(), { schema })),
          subscription: durableQueue(service),
        },
      });
      server.on('handlerError', ({ error }) => failures.push(error));
      await postgres.pool.query(`CREATE TABLE ${schema}.effects (text text)`);
      await (await t.client()).emitAsync(subject, { id: 'a', version: 0 });
      await t.eventually(async () => (await texts(`SELECT text FROM ${schema}.effects`)).length > 0);
      // The first run has left nothing, neither its row nor its version: else the second would have been stale.
      expect(await texts(`SELECT text FROM ${schema}.effects`)).toEqual(['run 2 of 0']);
      expect(await texts(`SELECT version AS text FROM ${schema}.versions`)).toEqual(['0']);
      expect(failures).toEqual([fail]);
    });
  }
});

function listener(subject: string, work: (event: TicketEvent, tx: unknown) => Promise<void>): Type {
  @Controller()
  class Tickets {
    @StanEventPattern(subject, { version: ticketVersions, retry: { delayMs: 1, attempts: 2 }, ackWaitMs: 2_000 })
    async updated(@Payload() event: TicketEvent, @StanTransaction() tx: unknown) {
      await work(event, tx);
    }
  }
  return Tickets;
}

async function texts(query: string): Promise<string[]> {
  return (await postgres.pool.query<{ text: string }>(query)).rows.map(({ text }) => text);
}

type PgAdapter = TransactionalAdapter<pg.Pool, pg.PoolClient, object>;

/** An app's own adapter for pg, as the docs of @nestjs-cls/transactional say. */
function pgAdapter(): PgAdapter {
  return {
    connection: postgres.pool,
    optionsFactory: (pool) => ({
      wrapWithTransaction: (_options, work, setTx) =>
        fromPg<pg.PoolClient>(pool).transaction((client) => {
          setTx(client);
          return work() as Promise<unknown>;
        }),
      getFallbackInstance: () => {
        throw new Error('outside of a transaction');
      },
    }),
  };
}
