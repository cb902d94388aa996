// Compiles examples/ against the built package and runs each in a process of its own; all must end by themselves with
// exit code 0. Needs dist/ (npm run build). An argument picks those whose name contains it.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const wanted = process.argv[2] ?? '';
const compiled = spawnSync('npx', ['--no-install', 'tsc', '-p', 'examples'], { cwd: root, stdio: 'inherit' });
if (compiled.status !== 0) process.exit(1);

let failures = 0;
for (const file of readdirSync(join(root, 'examples')).filter(
  (name) => name.endsWith('.ts') && name.includes(wanted),
)) {
  console.log(`\n# examples/${file}`);
  const program = join(root, '.cache', 'examples', file.replace(/\.ts$/, '.js'));
  const { status, signal } = spawnSync(process.execPath, [program], { cwd: root, stdio: 'inherit', timeout: 60_000 });
  if (status !== 0) {
    failures += 1;
    console.error(`✗ ${file} ended with ${signal ?? status}`);
  }
}
process.exitCode = failures === 0 ? 0 : 1;
