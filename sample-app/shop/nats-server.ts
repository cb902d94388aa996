import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from './project-folder.js';

/** A nats-server that runs for the shop. */
export interface NatsServer {
  readonly url: string;
  /** Resolves when the server is gone, for whatever reason. */
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

const startTimeoutMs = 10_000;

/**
 * Starts nats-server with JetStream, which begins empty.
 * @throws Error that says what to install, or what the server has said
 */
export async function startNatsServer(port: number): Promise<NatsServer> {
  const cached = join(projectFolder(), '.cache', 'bin', 'nats-server');
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-shop-'));
  const binary = existsSync(cached) ? cached : 'nats-server';
  const server = spawn(binary, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'exit').catch(() => undefined);
  // It must not outlive the shop, whichever way that ends.
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    server.kill('SIGTERM');
    if (server.pid !== undefined && server.exitCode === null) await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await untilReady(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `nats://127.0.0.1:${String(port)}`, exited: ended, stop };
}

function untilReady(server: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = (reason: string): void => {
      clearTimeout(timer);
      reject(new Error(`nats-server did not start: ${reason}${log === '' ? '' : `\n${log}`}`));
    };
    const timer = setTimeout(() => fail(`not ready within ${String(startTimeoutMs)} ms`), startTimeoutMs);
    server.once('error', () => fail('not found; run `npm run server:install`, or set NATS_URL'));
    server.once('exit', () => fail('it ended'));
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (log.length < 10_000) log += text;
      if (!text.includes('Server is ready')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
