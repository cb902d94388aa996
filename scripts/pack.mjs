// Builds the package and packs it as npm would publish it: `node scripts/pack.mjs FILE.tgz`. Leaves the bundled files in
// dist/, so run `npm run build` before what needs the unbundled ones.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('which file? node scripts/pack.mjs FILE.tgz');
const wanted = resolve(file);
const run = (args) => execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

run(['run', '--silent', 'build:package']);
mkdirSync(dirname(wanted), { recursive: true });
const folder = mkdtempSync(join(dirname(wanted), 'pack-'));
const packed = run(['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder]);
const [{ filename, size, entryCount }] = JSON.parse(packed);
renameSync(join(folder, filename), wanted);
rmSync(folder, { recursive: true });
console.log(`packed ${filename}: ${entryCount} files, ${Math.round(size / 1024)} kB`);
