import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { EmbeddedPostgresOptions } from './embedded-postgres.js';

/** An embedded Postgres that another process keeps, see postgres-keeper.ts. */
export interface KeptPostgres {
  readonly url: string;
  /** Where its data is. */
  readonly folder: string;
  /** Stops it and waits until it is gone. Idempotent. */
  stop(): Promise<void>;
}

type KeeperMessage =
  | { readonly type: 'ready'; readonly url: string; readonly folder: string }
  | { readonly type: 'failed'; readonly message: string };

/**
 * Starts the keeper and waits until its database accepts connections.
 * @throws Error that says why it does not
 */
export async function startKeptPostgres({ folder, port }: EmbeddedPostgresOptions): Promise<KeptPostgres> {
  const keeper = fork(new URL('./postgres-keeper.js', import.meta.url), [folder, String(port)], {
    detached: true,
    execArgv: [],
  });
  const exited = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
  const { url, folder: used } = await becomesReady(keeper);
  return {
    url,
    folder: used,
    async stop() {
      if (keeper.connected) keeper.disconnect();
      await exited;
    },
  };
}

async function becomesReady(keeper: ChildProcess): Promise<Extract<KeeperMessage, { type: 'ready' }>> {
  const gone = new AbortController();
  keeper.once('exit', () => gone.abort());
  const [message] = (await once(keeper, 'message', { signal: gone.signal })) as [KeeperMessage];
  if (message.type === 'failed') throw new Error(message.message);
  return message;
}
