/**
 * What an adapter is: a transaction, and a statement in it.
 * @publicApi
 */
export interface StanSql<Tx> {
  /**
   * Runs `work` in one READ COMMITTED transaction. Rejects with what `work` has rejected with, after the roll-back.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs one statement with `$1`, `$2` … in it, and returns its rows (those of `RETURNING` for a write). */
  query(tx: Tx, text: string, values: readonly unknown[]): Promise<readonly SqlRow[]>;
}

/** @publicApi */
export type SqlRow = Readonly<Record<string, unknown>>;
