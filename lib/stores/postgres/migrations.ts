/** Statements of one migration each, in order; the number of a migration is its place, from 1. Never changed once released. */
const migrations: readonly ((schema: string) => readonly string[])[] = [
  (schema) => [
    `CREATE TABLE IF NOT EXISTS ${schema}.inbox (
       consumer text NOT NULL, message_id text NOT NULL, handled_at bigint NOT NULL,
       PRIMARY KEY (consumer, message_id))`,
    `CREATE INDEX IF NOT EXISTS inbox_handled_at ON ${schema}.inbox (handled_at)`,
    // Versions are updated in place: room on each page keeps an update from touching the index.
    `CREATE TABLE IF NOT EXISTS ${schema}.versions (
       consumer text NOT NULL, stream text NOT NULL, key text NOT NULL,
       version bigint NOT NULL, parked_to bigint NOT NULL DEFAULT -1,
       PRIMARY KEY (consumer, stream, key)) WITH (fillfactor = 70)`,
    `CREATE TABLE IF NOT EXISTS ${schema}.parked (
       consumer text NOT NULL, stream text NOT NULL, key text NOT NULL, version bigint NOT NULL,
       handler text NOT NULL, channel text NOT NULL, sequence bigint NOT NULL, stored_at bigint NOT NULL,
       headers text NOT NULL, payload bytea NOT NULL, parked_at bigint NOT NULL,
       attempts int NOT NULL DEFAULT 0, not_before bigint NOT NULL DEFAULT 0, last_error text,
       PRIMARY KEY (consumer, stream, key, version))`,
  ],
];

/** The migration that this version of the package needs. */
export const newestMigration = migrations.length;

/** All statements that lead from nothing to the newest migration; each can be run again. */
export function migrationStatements(schema: string): string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${schema}.migrations (number int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    ...migrations.flatMap((statements, index) => [
      ...statements(schema),
      `INSERT INTO ${schema}.migrations (number) VALUES (${String(index + 1)}) ON CONFLICT DO NOTHING`,
    ]),
  ];
}
