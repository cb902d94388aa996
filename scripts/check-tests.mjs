// Fails when a test file lies where no vitest project looks: it would never run, and nobody would notice.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const config = readFileSync(join(root, 'vitest.config.ts'), 'utf8');
const projects = [...config.matchAll(/\bsuite\('([\w-]+)'/g)].map(([, name]) => name);
const stray = ['lib', 'test', 'sample-app', 'bench', 'examples']
  .flatMap((folder) => listFiles(folder))
  .filter((path) => /\.(spec|test)\.[cm]?[jt]sx?$/.test(path))
  .filter((path) => !path.startsWith('test/consumers/')) // run by test:consumers, where they are installed
  .filter((path) => !projects.some((name) => path.startsWith(`test/${name}/`) && path.endsWith('.spec.ts')));

for (const path of stray)
  console.error(`no vitest project runs ${path}: move it below test/{${projects.join(',')}} and name it *.spec.ts`);
process.exitCode = stray.length === 0 ? 0 : 1;

function listFiles(folder) {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
