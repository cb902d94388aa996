import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const project = dirname(dirname(fileURLToPath(import.meta.url)));

const sources = ['lib', 'sample-app', 'package.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

/** True when a source is newer than the last build, or when there is none. */
export function buildIsNeeded() {
  const built = changedAt(join(project, 'dist', 'sample-app', 'main.js'));
  const library = changedAt(join(project, 'dist', 'lib', 'index.js'));
  return Math.min(built, library) < Math.max(...sources.map((source) => newest(join(project, source))));
}

/** Builds with `nest build`; false when that failed. Its messages go to the terminal. */
export function build() {
  const nest = createRequire(import.meta.url).resolve('@nestjs/cli/bin/nest.js');
  return spawnSync(process.execPath, [nest, 'build'], { cwd: project, stdio: 'inherit' }).status === 0;
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
