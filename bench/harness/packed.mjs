import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const project = join(import.meta.dirname, '..', '..');
const app = join(project, '.cache', 'bench', 'app');
const installed = join(app, 'node_modules', 'nestjs-stan');

/** The command of the package as npm publishes it. */
export const packedCommand = join(installed, 'bin', 'nestjs-stan.js');

/** Where a program of `bench/contestants/start` is that imports this package as npm publishes it: a few files, not hundreds. */
export const startProgram = (name) => join(app, `${name}.mjs`);

let isMade = false;

/** Makes the package of what `npm run build` has built, once a run, and puts the programs beside it. */
export function makePackedApp() {
  if (isMade) return;
  rmSync(app, { recursive: true, force: true });
  const script = join(project, 'scripts', 'build-package.mjs');
  execFileSync(process.execPath, [script, '--to', installed], { stdio: ['ignore', 'ignore', 'inherit'] });
  cpSync(join(project, 'bench', 'contestants', 'start'), app, { recursive: true });
  // A package of its own: inside this one, its name would mean `dist/`.
  writeFileSync(join(app, 'package.json'), '{ "name": "start-of-an-app", "private": true }\n');
  isMade = true;
}
