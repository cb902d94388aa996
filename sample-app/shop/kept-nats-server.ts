import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A nats-server that another process keeps, see nats-keeper.ts. */
export interface KeptNatsServer {
  readonly url: string;
  /** Stops it and waits until it is gone. Idempotent. */
  stop(): Promise<void>;
}

type KeeperMessage =
  { readonly type: 'ready'; readonly url: string } | { readonly type: 'failed'; readonly message: string };

/**
 * Starts the keeper and waits until its server is ready.
 * @throws Error that says what to install, or what the server has said
 */
export async function startKeptNatsServer(port: number): Promise<KeptNatsServer> {
  const keeper = fork(new URL('./nats-keeper.js', import.meta.url), [String(port)], { detached: true, execArgv: [] });
  const exited = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
  const gone = new AbortController();
  keeper.once('exit', () => gone.abort());
  const [message] = (await once(keeper, 'message', { signal: gone.signal })) as [KeeperMessage];
  if (message.type === 'failed') throw new Error(message.message);
  return {
    url: message.url,
    async stop() {
      if (keeper.connected) keeper.disconnect();
      await exited;
    },
  };
}
