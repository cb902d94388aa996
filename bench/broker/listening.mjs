import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makePackedApp, packedCommand } from '../harness/packed.mjs';
import { rotated } from '../harness/rounds.mjs';
import { freePort } from '../harness/server.mjs';
import { realServer } from './contestants.mjs';

const giveUpMs = 30_000;
const tryAgainMs = 1;

/** Of the servers' processes, by whose they are. */
const commands = {
  embedded: (flags) => [process.execPath, [packedCommand, 'server', ...flags]],
  real: (flags) => [realServer, flags],
};

/** As the rows are named. */
export const nameOf = (store) => `process start to listening, ${store.toLowerCase()} store`;

/** From the start of a server's process until its port takes a connection; this package as npm publishes it. */
export async function listening(report, { contestants, rounds }) {
  makePackedApp();
  for (const store of ['MEMORY', 'FILE']) {
    for (let round = 0; round <= rounds; round++) {
      for (const contestant of rotated(contestants, round)) {
        const elapsedMs = await timeToListen(contestant, store);
        if (round > 0) report(nameOf(store), 'ms', contestant, elapsedMs); // round 0 brings the files into memory
      }
    }
  }
}

async function timeToListen(contestant, store) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-bench-'));
  const port = await freePort();
  const files = store === 'FILE' ? ['-st', 'FILE', '-dir', folder] : [];
  const [command, args] = commands[contestant](['-a', '127.0.0.1', '-p', String(port), ...files]);
  const startedAt = performance.now();
  const child = spawn(command, args, { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    await Promise.race([connected(port, startedAt + giveUpMs), failed(child, contestant)]);
    return performance.now() - startedAt;
  } finally {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

function failed(child, contestant) {
  return new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${contestant} ended with code ${code}`)));
  });
}

function connected(port, until) {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve();
      });
      socket.once('error', (error) => {
        if (performance.now() > until) reject(error);
        else setTimeout(attempt, tryAgainMs);
      });
    };
    attempt();
  });
}
