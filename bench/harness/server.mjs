import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const project = join(import.meta.dirname, '..', '..');
const realServer = join(project, '.cache', 'bin', 'nats-streaming-server');
const embeddedServer = join(project, 'dist', 'lib', 'cli', 'main.js');

const startTimeoutMs = 20_000;

/** A port that nothing listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/**
 * A STAN server in a process of its own, on loopback, with all limits off and heartbeats at their defaults.
 * @param {{ embedded: boolean, store?: 'MEMORY' | 'FILE' }} options
 */
export async function startServer({ embedded, store = 'MEMORY' }) {
  if (!embedded && !existsSync(realServer)) {
    throw new Error('no nats-streaming-server: run `npm run server:install` (needs Go), or give --embedded');
  }
  const server = new BenchServer(embedded, store, await freePort());
  await server.start();
  return server;
}

class BenchServer {
  clusterId = 'bench-cluster';
  #embedded;
  #store;
  #port;
  #folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-bench-'));
  #child;
  #exited = Promise.resolve();

  constructor(embedded, store, port) {
    this.#embedded = embedded;
    this.#store = store;
    this.#port = port;
    process.on('exit', this.#closeNow);
  }

  get url() {
    return `nats://127.0.0.1:${this.#port}`;
  }

  /** Resolves once it serves. */
  async start() {
    const [command, args] = this.#embedded
      ? [process.execPath, [embeddedServer, 'server', ...this.#flags()]]
      : [realServer, this.#flags()];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
    await readyOf(child);
  }

  /** Ends it at once, as a crash would. */
  async kill() {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  async close() {
    await this.kill();
    this.#closeNow();
    process.off('exit', this.#closeNow);
  }

  #closeNow = () => {
    this.#child?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };

  #flags() {
    const limits = ['-mc', '0', '-mm', '0', '-mb', '0', '-msu', '0'];
    const store = this.#store === 'FILE' ? ['-st', 'FILE', '-dir', this.#folder] : ['-st', 'MEMORY'];
    return ['-a', '127.0.0.1', '-p', String(this.#port), '-cid', this.clusterId, ...limits, ...store];
  }
}

function readyOf(child) {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => fail('did not start in time'), startTimeoutMs);
    const fail = (problem) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the server ${problem}\n${log}`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended with code ${code}`));
    const onText = (text) => {
      if (log === undefined) return;
      log += text;
      // nats-streaming-server says so of its NATS half first, which knows no cluster yet.
      if (!/Streaming Server is ready|^Ready\./m.test(log)) return;
      log = undefined;
      clearTimeout(timer);
      resolve();
    };
    // Read to the end: a server whose pipe is full stands still.
    child.stdout.setEncoding('utf8').on('data', onText);
    child.stderr.setEncoding('utf8').on('data', onText);
  });
}
