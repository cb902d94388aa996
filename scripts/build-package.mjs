// What npm publishes, made from what `npm run build` made: every entry point of package.json as an ES module and as a
// CommonJS module, in a few files instead of hundreds, with its declarations. Replaces dist/lib and dist/cjs; with
// `--to FOLDER` it leaves them as they are, and makes a package without declarations there, for the benchmarks.
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const root = join(import.meta.dirname, '..');
const built = join(root, 'dist', 'lib');
const target = process.argv[2] === '--to' ? process.argv[3] : undefined;
const out = target === undefined ? join(root, 'dist', 'package') : join(target, 'dist');
const { exports, dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packages = Object.keys({ ...dependencies, ...peerDependencies });
const external = (id) => id.startsWith('node:') || packages.some((name) => id === name || id.startsWith(`${name}/`));
const entryPoints = Object.entries(exports)
  .filter(([, entry]) => typeof entry === 'object')
  .map(readEntryPoint);

const mainModule = join(built, 'index.js');
const brokerModule = join(built, 'broker', 'index.js');
const serverModule = join(built, 'broker', 'stan-broker.js');
const commandModule = join(built, 'cli', 'main.js');
const inlined = new Set();

rmSync(out, { recursive: true, force: true });
const esm = { dir: join(out, 'lib'), format: 'esm', chunkFileNames: 'chunks/[name].js' };
const cjs = { dir: join(out, 'cjs'), format: 'cjs', chunkFileNames: 'chunks/[name].cjs', entryFileNames: '[name].cjs' };
const declarations = { dir: join(out, 'lib'), format: 'esm', chunkFileNames: 'types/[name].d.ts' };
await bundle(filesOf([...entryPoints, 'cli/main'], 'js'), esm);
await bundle(filesOf(entryPoints, 'js'), { ...cjs, dynamicImportInCjs: false });
if (target === undefined) await finishPackage();
else for (const path of ['package.json', 'bin']) cpSync(join(root, path), join(target, path), { recursive: true });

async function finishPackage() {
  await bundle(filesOf(entryPoints, 'd.ts'), declarations, [dts({ dtsInput: true, sourcemap: false })]);
  copyDeclarationsForCommonJs();
  writeFileSync(join(out, 'lib', 'THIRD-PARTY-LICENSES.txt'), readLicenses());
  for (const format of ['lib', 'cjs']) {
    rmSync(join(root, 'dist', format), { recursive: true, force: true });
    renameSync(join(out, format), join(root, 'dist', format));
  }
  rmSync(out, { recursive: true });
}

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
  // ES modules of what is built in, where there are any: CommonJS would need the bundler's runtime, a file more to open.
  const resolve = { mainFields: ['module', 'main'] };
  const build = await rolldown({ input, external, plugins, platform: 'node', resolve });
  const codeSplitting = plugins.length === 0 ? { groups: groupsOf(Object.values(input)) } : undefined;
  const { output: chunks } = await build.write({
    entryFileNames: '[name].js',
    ...output,
    sourcemap: false,
    codeSplitting,
  });
  for (const chunk of chunks) {
    for (const id of chunk.moduleIds ?? []) noteInlined(id);
    refusePackages(chunk);
  }
  await build.close();
}

/**
 * Gathers what the main entry point loads in four files and its own: left alone, the bundler makes a file of every set of
 * modules that the same entry points use, which were 22, and opening them half of the time that an import took. No other
 * entry point loads more packages for it: the broker has `core`, and `shared` is without Nest and node-nats-streaming.
 * `broker` is what a broker needs to listen, without its file store and its monitoring; `command` what commands share.
 */
function groupsOf(roots) {
  const reached = new Map();
  let rootsWithoutNest;
  const nameOf = (id, build) => {
    const reach = (root) => {
      if (!reached.has(root)) reached.set(root, reachOf(root, build));
      return reached.get(root);
    };
    if (!reach(mainModule).has(id)) {
      if (reach(serverModule).has(id)) return 'broker';
      const commands = [commandModule, ...reach(commandModule).dynamic].filter((root) => reach(root).has(id));
      return commands.length > 1 ? 'command' : undefined;
    }
    if (reach(brokerModule).has(id)) return 'core';
    const all = [...roots, ...reach(commandModule).dynamic];
    rootsWithoutNest ??= all.map(reach).filter((root) => !loads(root, '@nestjs/'));
    if (!rootsWithoutNest.some((root) => root.has(id))) return 'main';
    return loads(reach(id), 'node-nats-streaming') ? 'stan' : 'shared';
  };
  const names = ['core', 'shared', 'stan', 'main', 'broker', 'command'];
  // A group takes along what its modules import, so those that import nothing of the others come first.
  return names.map((name, index) => ({
    debugName: name,
    name: (id, build) => (nameOf(id, build) === name ? name : null),
    priority: names.length - index,
  }));
}

/** What loads these may not load a package with them, or a broker would start as slowly as Nest does. */
function refusePackages({ name, fileName, imports = [] }) {
  const packageNames = imports.filter((id) => packages.some((known) => id === known || id.startsWith(`${known}/`)));
  if (['core', 'shared', 'broker', 'command'].includes(name) && packageNames.length > 0)
    throw new Error(`${fileName} imports ${packageNames.join(', ')}: what is in it has to do without packages`);
}

/** The ids of a module and of all that it imports; `dynamic` are those that it loads later. */
function reachOf(root, build) {
  const ids = new Set([root]);
  ids.dynamic = [];
  for (const id of ids) {
    const { importedIds = [], dynamicallyImportedIds = [] } = build.getModuleInfo(id) ?? {};
    for (const imported of importedIds) ids.add(imported);
    ids.dynamic.push(...dynamicallyImportedIds);
  }
  return ids;
}

function loads(ids, name) {
  return [...ids].some((id) => id.startsWith(name));
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
