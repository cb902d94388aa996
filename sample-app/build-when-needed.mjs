import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const project = dirname(dirname(fileURLToPath(import.meta.url)));

const sources = ['lib', 'sample-app', 'package.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

/**
 * Builds with `nest build` when a source is newer than the last build; false when that failed. Its messages go to the
 * terminal. Two programs that see the same change take turns, and the second one finds that nothing is left to do.
 */
export function buildWhenNeeded() {
  if (!buildIsNeeded()) return true;
  const release = takeTurn();
  try {
    if (!buildIsNeeded()) return true;
    console.log('Building ...');
    const nest = createRequire(import.meta.url).resolve('@nestjs/cli/bin/nest.js');
    return spawnSync(process.execPath, [nest, 'build'], { cwd: project, stdio: 'inherit' }).status === 0;
  } finally {
    release();
  }
}

/** True when a source is newer than the last build, or when there is none. */
export function buildIsNeeded() {
  const built = changedAt(join(project, 'dist', 'sample-app', 'main.js'));
  const library = changedAt(join(project, 'dist', 'lib', 'index.js'));
  return Math.min(built, library) < Math.max(...sources.map((source) => newest(join(project, source))));
}

/** Making a file that must not exist yet is a lock; one whose owner has died is taken over. */
function takeTurn() {
  const lock = join(project, '.data', 'build.lock');
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!ownerIsAlive(lock)) rmSync(lock, { force: true });
    // Synchronous, as the build itself: nothing else is to be done meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function ownerIsAlive(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

function newest(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 0;
  if (!found.isDirectory()) return /\.(ts|json)$/.test(path) ? found.mtimeMs : 0;
  return Math.max(
    0,
    ...readdirSync(path)
      .filter((name) => name !== 'node_modules')
      .map((name) => newest(join(path, name))),
  );
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
