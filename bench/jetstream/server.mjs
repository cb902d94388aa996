import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../harness/server.mjs';

const binary = join(import.meta.dirname, '..', '..', '.cache', 'bin', 'nats-server');
const startTimeoutMs = 20_000;

/** Why there is no nats-server to start; `undefined` where there is one. */
export function whyNoNatsServer() {
  return existsSync(binary) ? undefined : 'no nats-server: run `npm run server:install` (needs Go)';
}

/** nats-server with JetStream in a process of its own, on loopback. */
export async function startNatsServer() {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-bench-'));
  const port = await freePort();
  const child = spawn(binary, ['-js', '-sd', folder, '-a', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closeNow = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', closeNow);
  await readyOf(child);
  return { url: `nats://127.0.0.1:${port}`, clusterId: 'none', close: closeNow };
}

function readyOf(child) {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => reject(new Error(`nats-server did not start in time\n${log}`)), startTimeoutMs);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`nats-server ended with code ${code}\n${log}`)));
    // Read to the end: a server whose pipe is full stands still.
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (log === undefined) return;
      log += text;
      if (!log.includes('Server is ready')) return;
      log = undefined;
      clearTimeout(timer);
      resolve();
    });
  });
}
