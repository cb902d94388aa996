// What npm publishes, made from what `npm run build` made: every entry point of package.json as an ES module and as a
// CommonJS module, in a few files instead of hundreds, with its declarations. Replaces dist/lib and dist/cjs.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const root = join(import.meta.dirname, '..');
const built = join(root, 'dist', 'lib');
const out = join(root, 'dist', 'package');
const { exports, dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packages = Object.keys({ ...dependencies, ...peerDependencies });
const external = (id) => id.startsWith('node:') || packages.some((name) => id === name || id.startsWith(`${name}/`));
const entryPoints = Object.entries(exports)
  .filter(([, entry]) => typeof entry === 'object')
  .map(readEntryPoint);

const inlined = new Set();

rmSync(out, { recursive: true, force: true });
const esm = { dir: join(out, 'lib'), format: 'esm', chunkFileNames: 'chunks/[name].js' };
const cjs = { dir: join(out, 'cjs'), format: 'cjs', chunkFileNames: 'chunks/[name].cjs', entryFileNames: '[name].cjs' };
const declarations = { dir: join(out, 'lib'), format: 'esm', chunkFileNames: 'types/[name].d.ts' };
await bundle(filesOf([...entryPoints, 'cli/main'], 'js'), esm);
await bundle(filesOf(entryPoints, 'js'), { ...cjs, dynamicImportInCjs: false });
await bundle(filesOf(entryPoints, 'd.ts'), declarations, [dts({ dtsInput: true, sourcemap: false })]);
copyDeclarationsForCommonJs();
writeFileSync(join(out, 'lib', 'THIRD-PARTY-LICENSES.txt'), readLicenses());
for (const format of ['lib', 'cjs']) {
  rmSync(join(root, 'dist', format), { recursive: true, force: true });
  renameSync(join(out, format), join(root, 'dist', format));
}
rmSync(out, { recursive: true });

/** `./broker` -> `broker/index`; refuses an entry point that one of the two module systems would not find. */
function readEntryPoint([name, entry]) {
  const file = /^\.\/dist\/lib\/(.+)\.js$/.exec(entry.import?.default)?.[1];
  const isWhole =
    file !== undefined &&
    entry['module-sync']?.default === entry.import.default &&
    entry.require?.default === `./dist/cjs/${file}.cjs` &&
    entry.require.types === `./dist/cjs/${file}.d.cts`;
  if (!isWhole) throw new Error(`exports["${name}"] in package.json needs module-sync, import and require, as "." has`);
  return file;
}

function filesOf(names, extension) {
  return Object.fromEntries(names.map((name) => [name, join(built, `${name}.${extension}`)]));
}

async function bundle(input, output, plugins = []) {
  const build = await rolldown({ input, external, plugins, platform: 'node' });
  const { output: chunks } = await build.write({ entryFileNames: '[name].js', ...output, sourcemap: false });
  for (const chunk of chunks) for (const id of chunk.moduleIds ?? []) noteInlined(id);
  await build.close();
}

/** Small packages that the command or an error text needs are built in (devDependencies here), so that nobody installs them. */
function noteInlined(id) {
  const [, folder] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id) ?? [];
  if (folder && !folder.includes('\0')) inlined.add(folder);
}

function readLicenses() {
  return [...inlined]
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((path) => /^licen[cs]e/i.test(path));
      return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`;
    })
    .sort()
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** The same declarations, told to be CommonJS by their name. */
function copyDeclarationsForCommonJs() {
  for (const path of readdirSync(join(out, 'lib'), { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join(out, 'lib', path), 'utf8');
    const copy = join(out, 'cjs', path.replace(/\.d\.ts$/, '.d.cts'));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, text.replaceAll(/(from\s+"\.{1,2}\/[^"]+)\.js"/g, '$1.cjs"'));
  }
}
