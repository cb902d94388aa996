import type { Database } from './database.js';

/** Any number, the same in all instances of a service. */
const migrationLock = 727_001;

/** Tables that every service has, see `messaging/`. */
const messagingTables = `
  CREATE TABLE IF NOT EXISTS outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    aggregate_id uuid NOT NULL,
    subject text NOT NULL,
    event jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  ALTER TABLE outbox ADD COLUMN IF NOT EXISTS headers jsonb NOT NULL DEFAULT '{}';
  CREATE INDEX IF NOT EXISTS outbox_in_order ON outbox (aggregate_id, id);
  CREATE TABLE IF NOT EXISTS inbox (
    stream text NOT NULL,
    aggregate_id uuid NOT NULL,
    version integer NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, aggregate_id)
  );`;

/** Creates what is missing. Several instances may start at once: one does it, the others wait for it. */
export async function migrate(database: Database, tables: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
    await transaction.query(messagingTables);
    await transaction.query(tables);
  });
}
