// Runs the own test suites of the official STAN clients against a real nats-streaming-server and against the embedded
// broker, by a program of that name on the PATH: npm run test:foreign-suites -- --suite-dir FOLDER
// Ends with 1 where a test that passes on the real server fails on the embedded broker, but for those that
// foreign-suites/differences.mjs lists with the reason.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compareOutcomes } from './foreign-suites/compare.mjs';
import { goSuite } from './foreign-suites/go.mjs';
import { javaSuite } from './foreign-suites/java.mjs';
import { javascriptSuite } from './foreign-suites/javascript.mjs';
import { pythonSuite } from './foreign-suites/python.mjs';
import { cache, NotHereError, root } from './foreign-suites/work-folder.mjs';

const suites = [goSuite, javascriptSuite, pythonSuite, javaSuite];
const names = suites.map(({ name }) => name);
const usage = `usage: npm run test:foreign-suites -- [--suite-dir FOLDER] [--only ${names.join('|')}]…
  --suite-dir  folder with clones of ${names.slice(1).join(', ')} (also FOREIGN_SUITES_DIR); stan.go comes from the Go module proxy
  --only       runs this suite alone; may be given several times`;

const { suiteDir, chosen } = readArguments();
const programs = { real: realProgram(), embedded: embeddedProgram() };
const results = [];
for (const suite of chosen) {
  try {
    results.push({ name: suite.name, ...(await runSuite(suite)) });
  } catch (error) {
    if (!(error instanceof NotHereError)) throw error;
    console.log(`- ${suite.name}: not run, ${error.message}`);
  }
}
mkdirSync(cache, { recursive: true });
writeFileSync(join(cache, 'report.json'), `${JSON.stringify(results, null, 2)}\n`);
const failing = results.filter(({ onEmbedded }) => onEmbedded.failing.length > 0);
if (results.length === 0) console.error('No suite was run.');
process.exitCode = results.length === 0 || failing.length > 0 ? 1 : 0;

async function runSuite(suite) {
  const folder = suite.prepare({ suiteDir });
  const outcomes = {};
  for (const [broker, program] of Object.entries(programs)) {
    await portsAreFree(suite);
    outcomes[broker] = suite.test({ folder, env: onPath(program), log: logOf(suite, broker) });
  }
  const again = (broker, only) =>
    suite.test({ folder, env: onPath(programs[broker]), log: logOf(suite, `${broker}-again`), only });
  const result = compareOutcomes(suite.name, outcomes, again);
  for (const line of result.lines) console.log(line);
  return result;
}

function logOf({ name }, run) {
  return join(cache, `${name}-${run}.log`);
}

function onPath(program) {
  return { PATH: `${dirname(program)}${delimiter}${process.env.PATH}`, stan_path: program };
}

function realProgram() {
  const program = join(root, '.cache', 'bin', 'nats-streaming-server');
  if (!existsSync(program)) fail('no real nats-streaming-server: npm run server:install');
  return program;
}

/** A program of the real one's name that becomes the embedded broker: signals reach it, for it is the same process. */
function embeddedProgram() {
  const folder = join(cache, 'embedded');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'nats-streaming-server');
  const command = join(root, 'bin', 'nestjs-stan.js');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${command}' server "$@"\n`, { mode: 0o755 });
  return program;
}

/** The suites listen on ports of their own choice, and take whatever listens there for the server they started. */
async function portsAreFree({ name, ports }) {
  for (const port of ports) {
    const isFree = await new Promise((done) => {
      const probe = createServer();
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (!isFree) throw new NotHereError(`${name} needs port ${port}, and another process listens there`);
  }
}

function readArguments() {
  if (process.platform === 'win32') fail('the suites end their servers by POSIX signals: run them on Linux or macOS');
  try {
    const options = { 'suite-dir': { type: 'string' }, only: { type: 'string', multiple: true } };
    const { values } = parseArgs({ options });
    const unknown = values.only?.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`--only: expected ${names.join(', ')}, got ${unknown}`);
    const given = values['suite-dir'] ?? process.env.FOREIGN_SUITES_DIR;
    if (given && !existsSync(given)) throw new Error(`--suite-dir: ${given} does not exist`);
    const isChosen = ({ name }) => !values.only || values.only.includes(name);
    return { suiteDir: given && resolve(given), chosen: suites.filter(isChosen) };
  } catch (error) {
    return fail(`${error.message}\n${usage}`);
  }
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
