// Where the suites are copied to and built: a folder that git ignores.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
export const cache = join(root, '.cache', 'foreign-suites');
/** What a suite needs beside its sources: the stand-in for a linked server, a runner, a build file. */
export const additions = join(root, 'test', 'foreign-clients', 'suites');

/** Why a suite cannot be run on this machine; the message is what the user reads. */
export class NotHereError extends Error {}

/** Copies the sources of a suite afresh, and returns the copy. */
export function freshCopy(name, source) {
  const folder = join(cache, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, {
    recursive: true,
    filter: (path) => !path.endsWith('/.git') && !path.endsWith('/node_modules'),
  });
  return folder;
}

/** The clone of a repository that the user names with --suite-dir. */
export function clonedSources(name, suiteDir, why) {
  const folder = suiteDir && join(suiteDir, name);
  if (folder && existsSync(folder)) return folder;
  const clone = `git clone https://github.com/nats-io/${name}`;
  const place = suiteDir ? `in ${suiteDir}` : 'in a folder of your own, and name the folder with --suite-dir';
  throw new NotHereError(`${why}: ${clone} ${place}`);
}

/** Runs a command to its end, its output into `log`; throws where that is not the end it should have. */
export function run(command, args, { cwd, env = {}, minutes = 10, mayFail = false, log }) {
  const options = { cwd, encoding: 'utf8', maxBuffer: 1 << 28, timeout: minutes * 60_000 };
  const result = spawnSync(command, args, { ...options, env: { ...process.env, ...env } });
  if (log) writeFileSync(log, `${result.stdout}${result.stderr}`);
  if (result.error?.code === 'ENOENT') throw new NotHereError(`${command} is not installed`);
  if (result.error) throw new Error(`${command} ${args.join(' ')}: ${result.error.message}`);
  if (result.status === 0 || mayFail) return result;
  throw new Error(`${command} ${args.join(' ')} ended with ${result.status}\n${result.stdout}${result.stderr}`);
}
