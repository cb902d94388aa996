import type { Type } from '@nestjs/common';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { ClientStan, ServerStan, StanContext, StanDeserializer, StanSubscriptionOptions } from 'nestjs-stan';
import { StanEventPattern, StanParked, StanTransaction, durableQueue } from 'nestjs-stan';
import { PostgresEventStore, fromPg } from 'nestjs-stan/postgres';
import type { PostgresEventStoreOptions, StanSql } from 'nestjs-stan/postgres';
import type pg from 'pg';
import type { Contract } from './contract.js';
import { fresh } from './fresh.js';
import type { UsedPostgres } from './postgres/use-postgres.js';

export interface TicketEvent {
  readonly id: string;
  readonly version: number;
}

export const ticketVersions = {
  stream: 'ticket',
  key: (event: TicketEvent) => event.id,
  version: (event: TicketEvent) => event.version,
} as const;

/** A service whose handler writes each effect into a table, within its transaction. */
export interface CountingWorld {
  readonly subject: string;
  readonly dead: string;
  readonly service: string;
  readonly schema: string;
  readonly store: PostgresEventStore;
  readonly parked: StanParked;
  /** Events as their handler's transaction has stored them, in order. */
  effects(): Promise<string[]>;
  /** Starts one more member of the service; on `sql`, or on that of the world. */
  start(
    options?: StanSubscriptionOptions,
    work?: Work,
    sql?: StanSql<pg.PoolClient>,
    storeOptions?: PostgresEventStoreOptions,
  ): Promise<ServerStan>;
  publish(...events: readonly (readonly [string, number])[]): Promise<void>;
}

export type Work = (event: TicketEvent, context: StanContext) => unknown;

export interface WorldOptions {
  readonly sql?: StanSql<pg.PoolClient>;
  readonly deserializer?: StanDeserializer;
}

export async function countingWorld(
  t: Contract,
  postgres: UsedPostgres,
  { sql: givenSql, ...serverOptions }: WorldOptions = {},
): Promise<CountingWorld> {
  const [subject, dead, service, schema] = [fresh('ticket'), fresh('dead'), fresh('orders'), postgres.schema()];
  const sql = givenSql ?? fromPg<pg.PoolClient>(postgres.pool);
  const storeOver = (adapter: StanSql<pg.PoolClient>, options: PostgresEventStoreOptions = {}) =>
    new PostgresEventStore(adapter, { schema, sweepMs: 100, ...options });
  const store = storeOver(sql);
  await store.prepare();
  await postgres.pool.query(`CREATE TABLE ${schema}.effects (place serial, text text)`);
  let client: ClientStan | undefined;
  return {
    ...{ subject, dead, service, schema, store },
    parked: new StanParked(store, service),
    effects: async () => {
      const { rows } = await postgres.pool.query<{ text: string }>(`SELECT text FROM ${schema}.effects ORDER BY place`);
      return rows.map(({ text }) => text);
    },
    start: async (options = {}, work = () => undefined, ownSql = sql, storeOptions) => {
      const controller = listener(subject, schema, { ackWaitMs: 5_000, version: ticketVersions, ...options }, work);
      const memberStore = storeOver(ownSql, storeOptions);
      const server = { ...serverOptions, store: () => memberStore, subscription: durableQueue(service) };
      return (await t.app({ controllers: [controller], server })).server;
    },
    publish: async (...events) => {
      client ??= await t.client();
      for (const [id, version] of events) {
        await client.emitAsync(subject, { id, version }, { id: `${id}.${version}` });
      }
    },
  };
}

function listener(subject: string, schema: string, options: StanSubscriptionOptions, work: Work): Type {
  @Controller()
  class Tickets {
    @StanEventPattern(subject, options)
    async updated(@Payload() event: TicketEvent, @Ctx() context: StanContext, @StanTransaction() tx: pg.PoolClient) {
      await tx.query(`INSERT INTO ${schema}.effects (text) VALUES ($1)`, [`${event.id}.${event.version}`]);
      await work(event, context);
    }
  }
  return Tickets;
}
