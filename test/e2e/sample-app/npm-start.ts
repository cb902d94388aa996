import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpAfterTest, showWhenTestFails } from '../../support/cleanup.js';
import { eventually, withDeadline } from '../../support/wait.js';
import { programs } from './test-shop.js';

/** The shop as somebody runs it in a terminal. */
export interface RunningShop {
  /** Where the page is. */
  readonly url: string;
  readonly pid: number;
  /** Everything printed so far. */
  printed(): string;
  signal(signal: NodeJS.Signals): void;
  /** The exit code, once the process has ended. */
  ended(): Promise<number | null>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/**
 * What `npm start` runs, on free ports and with a data folder of its own. When the test ends it is stopped and removed;
 * outside of a test its starter does so. `env` names what it is to use instead of what it would start.
 */
export async function startShopProcess(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningShop> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-stan-shop-'));
  // For root, whose Postgres runs as another user.
  await chmod(folder, 0o755);
  const child = spawn(process.execPath, [join(programs, 'main.js'), '--port', '0', ...args], {
    env: { ...process.env, DATA_DIR: folder, NATS_URL: '', DATABASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const remove = async () => {
    child.kill('SIGINT');
    await withDeadline(exited, { what: 'the shop to stop', timeoutMs: 30_000 }).finally(() => child.kill('SIGKILL'));
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  };
  cleanUpAfterTest(remove);
  const printed = collect(child);
  showWhenTestFails(printed);
  const url = await eventually(() => /page +(http:\S+)/.exec(printed())?.[1] ?? false, {
    what: 'the shop to print where its page is',
    timeoutMs: 60_000,
  });
  const ended = () => withDeadline(exited, { what: 'the shop to end', timeoutMs: 30_000 });
  return { url, pid: child.pid ?? 0, printed, signal: (signal) => void child.kill(signal), ended, remove };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return () => text;
}
