import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../harness/server.mjs';

const project = join(import.meta.dirname, '..', '..');
const giveUpMs = 60_000;

/** From `npm start` to a page that answers, and what an install of each package takes beside Nest itself. */
export function footprintCases({ quick }) {
  const start = {
    name: 'npm start to a page that answers',
    payloadBytes: null,
    contestants: ['nestjs-stan'],
    metrics: [{ key: 'ms', unit: 'ms' }],
    withoutWarmUp: true,
    maxRounds: quick ? 1 : 3,
    run: timeOfStart,
  };
  const install = {
    name: 'install',
    payloadBytes: null,
    contestants: Object.keys(sources),
    metrics: [
      { key: 'kilobytes', name: 'size', unit: 'KB' },
      { key: 'packages', name: 'packages', unit: 'packages' },
    ],
    withoutWarmUp: true,
    maxRounds: 1,
    run: (contestant) => installed(contestant),
  };
  // Two installs from the registry take longer than a quick run has.
  return quick ? [start] : [start, install];
}

async function timeOfStart() {
  const data = mkdtempSync(join(tmpdir(), 'nestjs-stan-bench-'));
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), DATA_DIR: data };
  const startedAt = performance.now();
  const shop = spawn('npm', ['start'], { cwd: project, env, stdio: 'ignore', detached: true });
  const exited = new Promise((resolve) => shop.once('exit', resolve));
  try {
    await untilAnswers(`http://127.0.0.1:${port}/`, shop);
    return { ms: performance.now() - startedAt };
  } finally {
    // As Ctrl+C does: the whole group, so that the database below it stops too.
    if (shop.exitCode === null) process.kill(-shop.pid, 'SIGINT');
    await exited;
    rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function untilAnswers(url, child) {
  const until = performance.now() + giveUpMs;
  while (performance.now() < until && child.exitCode === null) {
    try {
      const response = await fetch(url);
      await response.text();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`npm start: ${url} did not answer`);
}

/** What to install, from where. */
const sources = {
  raw: () => 'node-nats-streaming@0.3.2',
  'nestjs-stan': (folder) => {
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: project, stdio: 'pipe' });
    return join(
      folder,
      readdirSync(folder).find((file) => file.endsWith('.tgz')),
    );
  },
  'other transport': () => '@nestjs-plugins/nestjs-nats-streaming-transport@1.3.0',
};

function installed(contestant) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-bench-'));
  try {
    const consumer = join(folder, 'consumer');
    mkdirSync(consumer);
    writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true }\n');
    const flags = ['--omit=dev', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', ...flags, sources[contestant](folder)], { cwd: consumer, stdio: 'pipe' });
    return measureFolder(join(consumer, 'node_modules'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes of all files, and how many of them are a package's own package.json. */
function measureFolder(root) {
  let bytes = 0;
  let packages = 0;
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    bytes += statSync(join(entry.parentPath ?? entry.path, entry.name)).size;
    const at = join(entry.parentPath ?? entry.path, entry.name);
    if (/node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(at)) packages += 1;
  }
  return { kilobytes: bytes / 1_024, packages };
}
