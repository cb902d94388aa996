import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../harness/server.mjs';

const project = join(import.meta.dirname, '..', '..');
export const realServer = join(project, '.cache', 'bin', 'nats-streaming-server');
const cli = process.env.BENCH_CLI ?? join(project, 'dist', 'lib', 'cli', 'main.js');

/** The servers that can be compared on this machine. */
export const contestants = existsSync(realServer) ? ['embedded', 'real'] : ['embedded'];

/**
 * One server in a process of its own, without limits.
 * @param {'embedded' | 'real'} name
 * @param {'MEMORY' | 'FILE'} store
 */
export async function startContestant(name, store = 'MEMORY') {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-bench-'));
  const port = await freePort();
  const limits = ['-mc', '0', '-mm', '0', '-mb', '0', '-msu', '0'];
  const files = store === 'FILE' ? ['-st', 'FILE', '-dir', folder] : [];
  const flags = ['-a', '127.0.0.1', '-p', String(port), '-cid', 'bench', ...limits, ...files];
  const profile = process.env.BENCH_CPU_PROF ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_CPU_PROF}`] : [];
  const [command, args] =
    name === 'real' ? [realServer, flags] : [process.execPath, [...profile, cli, 'server', ...flags]];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await untilReady(child);
  return {
    name,
    url: `nats://127.0.0.1:${port}`,
    residentMegabytes: () => residentMegabytes(child.pid),
    processorMicroseconds: () => processorMicroseconds(child.pid),
    close: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function untilReady(child) {
  return new Promise((resolve, reject) => {
    let log = '';
    const read = (text) => {
      if (log === undefined) return;
      log += text;
      if (!/Streaming Server is ready|^Ready\./m.test(log)) return;
      log = undefined; // what comes later is read away and not kept
      resolve();
    };
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}\n${log}`)));
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
  });
}

/** Of all threads of a process so far, in steps of 10 ms, on Linux; undefined elsewhere. */
function processorMicroseconds(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [userTicks, systemTicks] = fields.slice(11, 13).map(Number);
    return (userTicks + systemTicks) * 10_000;
  } catch {
    return undefined;
  }
}

/** Of a process on Linux; undefined elsewhere. */
function residentMegabytes(pid) {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_000;
  } catch {
    return undefined;
  }
}
