/* The entry point nestjs-stan/postgres: the event store on Postgres, and adapters for what an app reaches it with. */
export { PostgresEventStore } from './postgres-event-store.js';
export { migrateModes } from './postgres-event-store.options.js';
export type { MigrateMode, PostgresEventStoreOptions } from './postgres-event-store.options.js';
export type { SqlRow, StanSql } from './sql.js';
export {
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromMikroOrm,
  fromPg,
  fromPrisma,
  fromTransactionHost,
  fromTypeOrm,
} from './adapters.js';
export type {
  DrizzleDatabaseLike,
  DrizzleTransactionLike,
  KnexLike,
  KnexTransactionLike,
  KyselyLike,
  KyselyTransactionLike,
  MikroOrmLike,
  MikroOrmManagerLike,
  PgClientLike,
  PgPoolLike,
  PrismaClientLike,
  PrismaTransactionLike,
  PrismaTransactionOptions,
  TransactionHostLike,
  TypeOrmDataSourceLike,
  TypeOrmManagerLike,
} from './adapters.js';
