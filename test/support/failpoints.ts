import type { StanSql } from 'nestjs-stan/postgres';

/** What a transaction of the event store is for. */
export type StoreAction = 'count' | 'park' | 'drain';

/** A moment in a transaction of the event store. */
export type StoreMoment = 'before the statement' | 'after the statement' | 'before the commit' | 'after the commit';

export interface StorePoint {
  readonly action: StoreAction;
  readonly moment: StoreMoment;
}

/** Every moment of every transaction in which a member of a service can fail or die. */
export const storePoints: readonly StorePoint[] = (['count', 'park', 'drain'] as const).flatMap((action) =>
  (['before the statement', 'after the statement', 'before the commit', 'after the commit'] as const).map((moment) => ({
    action,
    moment,
  })),
);

export function titleOf({ action, moment }: StorePoint): string {
  const names = { count: 'an advance', park: 'a park', drain: 'the run of a parked event' };
  return `${moment} of ${names[action]}`;
}

/** As `sql`, but each transaction passes through `reach` at each of its moments: it may wait there, or throw. */
export function withPoints<Tx extends object>(
  sql: StanSql<Tx>,
  reach: (point: StorePoint) => Promise<void> | void,
): StanSql<Tx> {
  const actions = new WeakMap<Tx, StoreAction>();
  return {
    transaction: async (work) => {
      let used: Tx | undefined;
      const at = async (moment: StoreMoment) => {
        const action = used && actions.get(used);
        if (action !== undefined) await reach({ action, moment });
      };
      const result = await sql.transaction(async (tx) => {
        used = tx;
        // A client of a pool comes again, in another transaction.
        actions.delete(tx);
        const worked = await work(tx);
        await at('before the commit');
        return worked;
      });
      await at('after the commit');
      return result;
    },
    query: async (tx, text, values) => {
      const action = actionOf(text);
      if (action === undefined) return sql.query(tx, text, values);
      await reach({ action, moment: 'before the statement' });
      const rows = await sql.query(tx, text, values);
      // An advance in the transaction of a parked event is a part of its run.
      if (isTurn(action, rows) && actions.get(tx) !== 'drain') actions.set(tx, action);
      await reach({ action, moment: 'after the statement' });
      return rows;
    },
  };
}

function actionOf(text: string): StoreAction | undefined {
  if (/INSERT INTO \S+\.parked/.test(text)) return 'park';
  if (/DELETE FROM \S+\.parked/.test(text)) return 'drain';
  if (/(INSERT INTO|UPDATE) \S+\.versions/.test(text) && /RETURNING parked_to/.test(text)) return 'count';
  return undefined;
}

/** An event that is early, or a parked one that is not there, ends a transaction that has done nothing. */
function isTurn(action: StoreAction, rows: readonly unknown[]): boolean {
  return action === 'park' || rows.length > 0;
}
