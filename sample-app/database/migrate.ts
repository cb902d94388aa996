import type { Database } from './database.js';

/** Any number, the same in all instances of a service. */
const migrationLock = 727_001;

/** The table that every service has, see `messaging/`; the event store of the transport makes its own. */
const messagingTable = `
  CREATE TABLE IF NOT EXISTS outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    aggregate_id uuid NOT NULL,
    subject text NOT NULL,
    event jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  ALTER TABLE outbox ADD COLUMN IF NOT EXISTS headers jsonb NOT NULL DEFAULT '{}';
  CREATE INDEX IF NOT EXISTS outbox_in_order ON outbox (aggregate_id, id);`;

/** Creates what is missing. Several instances may start at once: one does it, the others wait for it. */
export async function migrate(database: Database, tables: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
    await transaction.query(messagingTable);
    await transaction.query(tables);
  });
}
