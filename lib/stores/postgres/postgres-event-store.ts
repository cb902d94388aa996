import { StoreSchemaError } from '../../core/errors/store-schema.error.js';
import { StanEventStore } from '../../core/event-store/event-store.js';
import type {
  Advance,
  EntityVersion,
  ParkedEvent,
  ParkedFailure,
  ParkedGap,
  ParkedStream,
  ParkedQuery,
  VersionedEntity,
} from '../../core/event-store/event-store.js';
import { defaultsOf, readOptionGroup } from '../../core/option-rules/option-group.js';
import { isConflict } from './conflict.js';
import { migrationStatements, newestMigration } from './migrations.js';
import { PostgresEventStoreOptions } from './postgres-event-store.options.js';
import { toGap, toParkedEvent, toStream } from './rows.js';
import type { SqlRow, StanSql } from './sql.js';

/** Any number that nobody else locks: two processes that start at once must not both make the tables. */
const migrationLock = 7_266_736_178;

/** Ids that one statement removes. */
const pruneLimit = 5_000;

/**
 * The event store on Postgres, in the database that the handlers write to, over whatever the app reaches it with.
 * @publicApi
 */
export class PostgresEventStore<Tx = unknown> extends StanEventStore<Tx> {
  override readonly retentionMs: number;
  override readonly sweepMs: number;
  private readonly options: Required<PostgresEventStoreOptions>;
  private preparing: Promise<void> | undefined;

  /**
   * @param sql - an adapter: `fromPg(pool)`, `fromTypeOrm(dataSource)`, …
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   */
  constructor(
    private readonly sql: StanSql<Tx>,
    options: PostgresEventStoreOptions = {},
  ) {
    super();
    const given = readOptionGroup(PostgresEventStoreOptions, options, { owner: 'PostgresEventStore' });
    this.options = { ...defaultsOf(PostgresEventStoreOptions), ...given };
    this.retentionMs = this.options.retentionMs;
    this.sweepMs = this.options.sweepMs;
  }

  /** The statements that make the tables, for a migration tool; they can be run again. */
  static migrationSql(options: Pick<PostgresEventStoreOptions, 'schema'> = {}): string {
    const owner = 'PostgresEventStore.migrationSql()';
    const given = readOptionGroup(PostgresEventStoreOptions, options, { owner });
    const { schema } = { ...defaultsOf(PostgresEventStoreOptions), ...given };
    return migrationStatements(schema)
      .map((statement) => `${statement};\n`)
      .join('');
  }

  /**
   * Makes or checks the tables, as `migrate` says.
   * @throws StoreSchemaError (STAN_STORE_SCHEMA)
   */
  override prepare(): Promise<void> {
    this.preparing ??= this.prepareOnce().catch((error: unknown) => {
      this.preparing = undefined;
      throw error;
    });
    return this.preparing;
  }

  override transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  override async recordInbox(tx: Tx, consumer: string, messageId: string, now: number): Promise<boolean> {
    const rows = await this.sql.query(
      tx,
      `INSERT INTO ${this.options.schema}.inbox (consumer, message_id, handled_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING 1 AS recorded`,
      [consumer, messageId, Math.round(now)],
    );
    return rows.length === 1;
  }

  override async advance(tx: Tx, entity: VersionedEntity): Promise<Advance> {
    const { version, first, mode, unknownKey } = entity;
    // Its RETURNING reads the row as it is once its lock is ours, so a park that was committed meanwhile is seen.
    const [advanced] = await this.sql.query(tx, this.advanceStatement(entity), valuesOf(entity));
    if (advanced !== undefined) return Number(advanced['parked_to']) > version ? 'nextAndParked' : 'next';
    if (mode === 'latest') return 'stale';
    const [stored] = await this.sql.query(
      tx,
      `SELECT version FROM ${this.options.schema}.versions WHERE consumer = $1 AND stream = $2 AND key = $3`,
      valuesOf(entity).slice(0, 3),
    );
    if (stored !== undefined) return Number(stored['version']) >= version ? 'stale' : 'early';
    const begins = unknownKey === 'any' && version > first && (await this.tryBegin(tx, entity, version));
    return begins ? 'next' : 'early';
  }

  override async park(tx: Tx, parked: ParkedEvent, first: number): Promise<boolean> {
    const { version } = parked;
    const { schema } = this.options;
    // SKIP LOCKED: the transaction of a predecessor may take long, and whoever waits for it must not hold a connection.
    const [row] = await this.sql.query(
      tx,
      `SELECT version FROM ${schema}.versions WHERE consumer = $1 AND stream = $2 AND key = $3 FOR UPDATE SKIP LOCKED`,
      valuesOf(parked).slice(0, 3),
    );
    const last = row === undefined ? first - 1 : Number(row['version']);
    if (row === undefined && !(await this.tryBegin(tx, parked, last))) return false;
    if (last >= version - 1) return false;
    await this.sql.query(
      tx,
      `WITH marked AS (
         UPDATE ${schema}.versions SET parked_to = GREATEST(parked_to, CAST($4 AS bigint))
          WHERE consumer = $1 AND stream = $2 AND key = $3)
       INSERT INTO ${schema}.parked (consumer, stream, key, version, handler, channel, sequence, stored_at, headers,
                                     payload, parked_at, attempts, not_before)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
      [
        ...[...valuesOf(parked), parked.handler, parked.subject, parked.sequence],
        // Above 2^53: a driver would send the double in a form that is no bigint.
        BigInt(Math.round(parked.timestampNs)),
        ...[parked.headerText, parked.payload, parked.parkedAtMs, parked.attempts, Math.round(parked.notBeforeMs)],
      ],
    );
    return true;
  }

  override async takeParked(
    tx: Tx,
    { consumer, stream, key, version }: EntityVersion,
  ): Promise<ParkedEvent | undefined> {
    const { schema } = this.options;
    const [row] = await this.sql.query(
      tx,
      `DELETE FROM ${schema}.parked WHERE (consumer, stream, key, version) IN (
         SELECT consumer, stream, key, version FROM ${schema}.parked
          WHERE consumer = $1 AND stream = $2 AND key = $3 AND version = $4 FOR UPDATE SKIP LOCKED)
         RETURNING *`,
      [consumer, stream, key, version],
    );
    return row === undefined ? undefined : toParkedEvent(row);
  }

  override async dueParked(consumers: readonly string[], now: number, limit: number): Promise<EntityVersion[]> {
    const { schema } = this.options;
    const rows = await this.read(
      `SELECT p.consumer, p.stream, p.key, p.version FROM ${schema}.parked AS p
         JOIN ${schema}.versions AS v ON v.consumer = p.consumer AND v.stream = p.stream AND v.key = p.key
        WHERE p.consumer IN (${placesFor(consumers, 3)}) AND p.version <= v.version + 1 AND p.not_before <= $1
        ORDER BY p.parked_at LIMIT $2 FOR UPDATE OF p, v SKIP LOCKED`,
      [Math.round(now), limit, ...consumers],
    );
    return rows.map(toEntity);
  }

  override async failParked(tx: Tx, entity: EntityVersion, { notBeforeMs, lastError }: ParkedFailure): Promise<void> {
    const { consumer, stream, key, version } = entity;
    await this.sql.query(
      tx,
      `UPDATE ${this.options.schema}.parked SET attempts = attempts + 1, not_before = $5, last_error = $6
        WHERE consumer = $1 AND stream = $2 AND key = $3 AND version = $4`,
      [consumer, stream, key, version, Math.round(notBeforeMs), lastError],
    );
  }

  override async listParked(consumer: string, { stream, key, limit }: ParkedQuery): Promise<ParkedEvent[]> {
    const values: unknown[] = [consumer, limit];
    const wheres = ['consumer = $1'];
    for (const [column, value] of [['stream', stream] as const, ['key', key] as const]) {
      if (value !== undefined) wheres.push(`${column} = $${String(values.push(value))}`);
    }
    const rows = await this.read(
      `SELECT * FROM ${this.options.schema}.parked WHERE ${wheres.join(' AND ')}
        ORDER BY stream, key, version LIMIT $2`,
      values,
    );
    return rows.map(toParkedEvent);
  }

  override async gaps(consumers: readonly string[], parkedBefore: number): Promise<ParkedGap[]> {
    const { schema } = this.options;
    const rows = await this.read(
      `SELECT p.consumer, p.stream, p.key, v.version + 1 AS expected, count(*) AS parked, min(p.parked_at) AS since
         FROM ${schema}.parked AS p
         JOIN ${schema}.versions AS v ON v.consumer = p.consumer AND v.stream = p.stream AND v.key = p.key
        WHERE p.consumer IN (${placesFor(consumers, 2)})
        GROUP BY p.consumer, p.stream, p.key, v.version
       HAVING min(p.version) > v.version + 1 AND min(p.parked_at) <= $1
        ORDER BY since LIMIT 1000`,
      [Math.round(parkedBefore), ...consumers],
    );
    return rows.map(toGap);
  }

  override async parkedByStream(consumers: readonly string[]): Promise<ParkedStream[]> {
    const rows = await this.read(
      `SELECT stream, count(*) AS parked, min(parked_at) AS since FROM ${this.options.schema}.parked
        WHERE consumer IN (${placesFor(consumers, 1)}) GROUP BY stream ORDER BY stream`,
      [...consumers],
    );
    return rows.map(toStream);
  }

  override async skip(tx: Tx, { consumer, stream, key, version }: EntityVersion): Promise<void> {
    const { schema } = this.options;
    const values = [consumer, stream, key, version];
    await this.sql.query(
      tx,
      `INSERT INTO ${schema}.versions AS stored (consumer, stream, key, version) VALUES ($1, $2, $3, $4)
         ON CONFLICT (consumer, stream, key) DO UPDATE SET version = GREATEST(stored.version, EXCLUDED.version)`,
      values,
    );
    await this.sql.query(
      tx,
      `DELETE FROM ${schema}.parked WHERE consumer = $1 AND stream = $2 AND key = $3 AND version <= $4`,
      values,
    );
  }

  override async retryParked(tx: Tx, { consumer, stream, key }: Omit<EntityVersion, 'version'>): Promise<number> {
    const rows = await this.sql.query(
      tx,
      `UPDATE ${this.options.schema}.parked SET not_before = 0
        WHERE consumer = $1 AND stream = $2 AND key = $3 RETURNING version`,
      [consumer, stream, key],
    );
    return rows.length;
  }

  override async prune(handledBefore: number): Promise<number> {
    const { schema } = this.options;
    const rows = await this.read(
      `DELETE FROM ${schema}.inbox WHERE (consumer, message_id) IN (
         SELECT consumer, message_id FROM ${schema}.inbox WHERE handled_at < $1 LIMIT ${String(pruneLimit)})
       RETURNING 1 AS removed`,
      [Math.round(handledBefore)],
    );
    return rows.length;
  }

  override isConflict(error: unknown): boolean {
    return isConflict(error);
  }

  private async prepareOnce(): Promise<void> {
    const { migrate, schema } = this.options;
    if (migrate === 'off') return;
    if (migrate === 'check') await this.transaction((tx) => this.check(tx));
    else await this.transaction((tx) => this.migrate(tx, schema));
  }

  private async migrate(tx: Tx, schema: string): Promise<void> {
    // As text: Prisma refuses to read a column of type void.
    await this.sql.query(tx, `SELECT CAST(pg_advisory_xact_lock(${String(migrationLock)}) AS text) AS locked`, []);
    // A role that may write rows and not make tables starts where there is nothing to make.
    if ((await this.foundMigration(tx)) >= newestMigration) return;
    for (const statement of migrationStatements(schema)) await this.sql.query(tx, statement, []);
  }

  private async check(tx: Tx): Promise<void> {
    const found = await this.foundMigration(tx);
    if (found < newestMigration) throw new StoreSchemaError(this.options.schema, found + 1, found);
  }

  private async foundMigration(tx: Tx): Promise<number> {
    const { schema } = this.options;
    const [table] = await this.sql.query(
      tx,
      `SELECT 1 AS there FROM information_schema.tables WHERE table_schema = $1 AND table_name = 'migrations'`,
      [schema],
    );
    if (table === undefined) return 0;
    const [row] = await this.sql.query(tx, `SELECT max(number) AS newest FROM ${schema}.migrations`, []);
    return Number(row?.['newest'] ?? 0);
  }

  private read(text: string, values: readonly unknown[]): Promise<readonly SqlRow[]> {
    return this.transaction((tx) => this.sql.query(tx, text, values));
  }

  private advanceStatement({ version, first, mode }: VersionedEntity): string {
    const { schema } = this.options;
    if (mode === 'latest') {
      return `INSERT INTO ${schema}.versions AS stored (consumer, stream, key, version) VALUES ($1, $2, $3, $4)
                ON CONFLICT (consumer, stream, key) DO UPDATE SET version = EXCLUDED.version
                 WHERE stored.version < EXCLUDED.version RETURNING parked_to`;
    }
    // One that is early finds no row, and so waits for none: not for the transaction of its predecessor either.
    if (version > first) {
      return `UPDATE ${schema}.versions SET version = $4
               WHERE consumer = $1 AND stream = $2 AND key = $3 AND version = CAST($4 AS bigint) - 1 RETURNING parked_to`;
    }
    return `WITH beginning AS MATERIALIZED (SELECT pg_advisory_xact_lock(${this.beginningOfEntity()}))
            INSERT INTO ${schema}.versions AS stored (consumer, stream, key, version)
              SELECT ${entityPlaces}, CAST($4 AS bigint) FROM beginning
              ON CONFLICT (consumer, stream, key) DO UPDATE SET version = EXCLUDED.version
               WHERE stored.version + 1 = EXCLUDED.version RETURNING parked_to`;
  }

  /** Makes the row of an entity; false where there is one, or another transaction is about to make it. Does not wait. */
  private async tryBegin(tx: Tx, entity: EntityVersion, version: number): Promise<boolean> {
    const { schema } = this.options;
    const made = await this.sql.query(
      tx,
      // DO NOTHING alone would wait: for a transaction that has changed the row which is there.
      `INSERT INTO ${schema}.versions (consumer, stream, key, version)
         SELECT ${entityPlaces}, CAST($4 AS bigint)
          WHERE NOT EXISTS (SELECT 1 FROM ${schema}.versions WHERE consumer = $1 AND stream = $2 AND key = $3)
            AND pg_try_advisory_xact_lock(${this.beginningOfEntity()})
         ON CONFLICT DO NOTHING RETURNING 1 AS made`,
      valuesOf({ ...entity, version }),
    );
    return made.length === 1;
  }

  /** A row that does not exist cannot be locked: an advisory lock of this number stands for it until the transaction ends. */
  private beginningOfEntity(): string {
    const name = `jsonb_build_array('${this.options.schema}', ${entityPlaces})`;
    return `hashtextextended(CAST(${name} AS text), ${String(migrationLock)})`;
  }
}

/** Their types are not to be guessed: a place may stand where no column says one. */
const entityPlaces = 'CAST($1 AS text), CAST($2 AS text), CAST($3 AS text)';

function valuesOf({ consumer, stream, key, version }: EntityVersion): unknown[] {
  return [consumer, stream, key, version];
}

function placesFor(values: readonly unknown[], from: number): string {
  return values.map((_, index) => `$${String(from + index)}`).join(', ');
}

function toEntity(row: SqlRow): EntityVersion {
  const { consumer, stream, key } = row as Record<'consumer' | 'stream' | 'key', string>;
  return { consumer, stream, key, version: Number(row['version']) };
}
