// The test runner of `npm run test:mutation`: Vitest's own runner in Stryker's process, for one spec file at a time.
// Stryker's vitest plugin starts a worker and imports Nest and the library anew for each of 4 000 mutants, which takes
// several hours. Here each spec file is one bundle, which is evaluated anew for each mutant: no state of one run is left
// to the next.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import vm from 'node:vm';

/** Whose unit tests run; `MUTATION_TESTS` names fewer, for a look at one folder. */
const rooms = (process.env.MUTATION_TESTS ?? 'test/unit/core,test/unit/drivers/stan').split(',');

/** How long a test may take without a mutant, and at least with one. */
const testTimeoutMs = 60_000;
const leastTestTimeoutMs = 5_000;

/** How often a mutant is run again whose killer fails without it as well. */
const mostAttempts = 3;

/** How long each test takes without a mutant, by its id; written by the first run, for all processes of Stryker. */
const timesFile = '.mutation-times.json';

/** Stryker's `TestStatus`. Source: @stryker-mutator/api 9.6.1 src/test-runner/test-status.ts. */
const [passed, failed] = [0, 1];

/**
 * Stryker calls a loop endless after a hundred times the hits of all tests together, which takes minutes where a property
 * test has made millions.
 */
const limitHits = (hitLimit) => Math.max(100_000, hitLimit / 10);

const require = createRequire(import.meta.url);
const ns = (globalThis.__stryker__ ??= {});

/** What Vitest's `expect` and `vi` read of a worker. Source: vitest 4.1.12 src/runtime/utils.ts. */
globalThis.__vitest_worker__ = {
  ctx: { pool: 'threads' },
  environment: { name: 'node' },
  config: { snapshotOptions: {}, expect: {}, fakeTimers: { shouldClearNativeTimers: true } },
  providedContext: {},
  onCleanup: () => undefined,
};
const { rolldown } = await import('rolldown');
const { startTests } = await import('vitest/internal/browser');
const externals = new Map([['vitest', await import('vitest')]]);
await import('reflect-metadata');
// The same inputs in each run, so that a verdict can be repeated; and no search for the smallest one.
const { default: fastCheck } = await import('fast-check');
fastCheck.configureGlobal({ seed: 1, endOnFailure: true });

function specsOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => path.join(folder, name));
}

/** The library is bundled from its source, and whatever is installed is loaded once. */
const resolveToSource = {
  name: 'resolve-to-source',
  resolveId(source, importer) {
    if (importer === undefined || source.startsWith('\0') || source.startsWith('nestjs-stan')) return null;
    if (!source.startsWith('.')) return path.isAbsolute(source) ? null : { id: source, external: true };
    const file = path.resolve(path.dirname(importer), source.replace(/\.js$/, '.ts'));
    return existsSync(file) ? file : null;
  },
};

const scripts = new Map();

async function scriptOf(spec) {
  const known = scripts.get(spec);
  if (known !== undefined) return known;
  const bundle = await rolldown({
    input: path.resolve(spec),
    platform: 'node',
    tsconfig: path.resolve('tsconfig.json'),
    resolve: { conditionNames: ['nestjs-stan:source', 'node', 'import', 'default'] },
    plugins: [resolveToSource],
    onLog: () => undefined,
  });
  const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false });
  await bundle.close();
  for (const name of output[0].imports) if (!externals.has(name)) externals.set(name, await import(name));
  const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) {${output[0].code}\n})`, {
    filename: path.resolve(spec),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  scripts.set(spec, script);
  return script;
}

/** What the library keeps on the global object, for other copies of itself, is state of the run before. */
function forgetRegistries() {
  for (const key of Object.getOwnPropertySymbols(globalThis)) {
    if (Symbol.keyFor(key)?.startsWith('nestjs-stan.')) Reflect.deleteProperty(globalThis, key);
  }
}

const requireExternal = (name) => externals.get(name) ?? require(name);

/** A Vitest runner; `hooks` as in its `VitestRunner`. */
function vitestRunner(script, timeoutMs, hooks) {
  return {
    config: {
      root: process.cwd(),
      setupFiles: [],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      retry: 0,
      maxConcurrency: 1,
      sequence: { hooks: 'stack', setupFiles: 'list', concurrent: false, shuffle: false },
      allowOnly: true,
      tags: [],
    },
    importFile(spec) {
      forgetRegistries();
      const module = { exports: {} };
      const file = path.resolve(spec);
      script.runInThisContext()(module.exports, requireExternal, module, file, path.dirname(file));
    },
    ...hooks,
  };
}

const testsOf = (task) => (task.type === 'suite' ? task.tasks.flatMap(testsOf) : [task]);

function nameOf(test) {
  const names = [test.name];
  for (let { suite } = test; suite?.name; suite = suite.suite) names.unshift(suite.name);
  return names.join(' ');
}

/** What Stryker knows a test by: its file, and Vitest's id of its place there. */
const idOf = (spec, test) => `${spec}#${test.id}`;
const partsOf = (id) => ({ spec: id.slice(0, id.lastIndexOf('#')), testId: id.slice(id.lastIndexOf('#') + 1) });

function toResult(spec, test) {
  const common = { id: idOf(spec, test), name: nameOf(test), timeSpentMs: test.result.duration ?? 0 };
  if (test.result.state === 'pass') return { ...common, status: passed };
  return { ...common, status: failed, failureMessage: test.result.errors?.[0]?.message ?? 'failed' };
}

/** Errors that no test has caught. */
const strayErrors = [];
process.on('unhandledRejection', (error) => strayErrors.push(error));
process.on('uncaughtException', (error) => strayErrors.push(error));

/** Runs tests of one spec file, with a mutant or without: all to the end, or these up to the first that fails. */
async function runSpec(spec, { testIds, mutantId, timeoutMs = testTimeoutMs } = {}) {
  let hasFailed = false;
  const runner = vitestRunner(await scriptOf(spec), timeoutMs, {
    // As in Stryker's plugin the mutant is in effect once the modules are loaded.
    onBeforeRunFiles: () => (ns.activeMutant = mutantId),
    onBeforeRunTask(test) {
      if (hasFailed && testIds !== undefined) test.mode = 'skip';
      else ns.currentTestId = idOf(spec, test);
    },
    onAfterRunTask(test) {
      ns.currentTestId = undefined;
      hasFailed ||= test.result?.state === 'fail';
    },
  });
  const [file] = await startTests([{ filepath: spec, testIds }], runner);
  ns.activeMutant = undefined;
  const results = testsOf(file).filter((test) => /^(pass|fail)$/.test(test.result?.state));
  // A file that cannot be loaded, and a hook that fails, leave no failed test.
  const isBroken = file.result?.state === 'fail' && !hasFailed;
  const error = testsOf(file).length === 0 || isBroken ? (file.result?.errors?.[0]?.message ?? 'no tests') : undefined;
  return { error, tests: results.map((test) => toResult(spec, test)) };
}

/** The tests by file; those that wait for a broker come last, and most mutants are killed before. */
function quickestFirst(ids) {
  const times = JSON.parse(readFileSync(timesFile, 'utf8'));
  const bySpec = new Map();
  for (const id of ids) {
    const { spec, testId } = partsOf(id);
    const entry = bySpec.get(spec) ?? { spec, testIds: [], timeMs: 0 };
    bySpec.set(spec, entry);
    entry.testIds.push(testId);
    entry.timeMs += times[id] ?? 0;
  }
  return [...bySpec.values()].sort((one, other) => one.timeMs - other.timeMs);
}

class MutationRunner {
  static inject = ['logger'];

  constructor(log) {
    this.log = log;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun() {
    const tests = [];
    for (const spec of rooms.flatMap(specsOf)) {
      const run = await runSpec(spec);
      if (run.error !== undefined) return { status: 'error', errorMessage: `${spec}: ${run.error}` };
      tests.push(...run.tests);
    }
    writeFileSync(timesFile, JSON.stringify(Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]))));
    return { status: 'complete', tests, mutantCoverage: ns.mutantCoverage };
  }

  /**
   * A mutant is killed where a test fails with it and passes without it. On a busy machine a test may fail for lack of
   * time: such a failure says nothing, and the mutant is run again.
   */
  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.runMutant(activeMutant.id, testFilter ?? [], hitLimit);
      if (result.status !== 'killed') return result;
      const { spec, testId } = partsOf(result.killedBy[0]);
      const { tests } = await runSpec(spec, { testIds: [testId] });
      if (tests.length === 1 && tests[0].status === passed) return result;
      this.log.warn(`${result.killedBy[0]} fails without mutant ${activeMutant.id} as well`);
      if (attempt === mostAttempts) return { status: 'error', errorMessage: `${testId} fails without the mutant` };
    }
  }

  async runMutant(mutantId, testFilter, strykersLimit) {
    const hitLimit = limitHits(strykersLimit);
    strayErrors.length = 0;
    Object.assign(ns, { hitCount: 0, hitLimit });
    let count = 0;
    for (const { spec, testIds, timeMs } of quickestFirst(testFilter)) {
      // A mutant often keeps a test waiting for ever; what has taken long without it may take longer with it.
      const timeoutMs = leastTestTimeoutMs + 5 * timeMs;
      const { tests, error } = await runSpec(spec, { testIds, mutantId, timeoutMs });
      if (ns.hitCount > hitLimit)
        return { status: 'timeout', reason: `Hit limit reached (${ns.hitCount}/${hitLimit})` };
      if (error !== undefined) return { status: 'error', errorMessage: error };
      count += tests.length;
      const failure = tests.find((test) => test.status === failed);
      if (failure !== undefined) {
        return { status: 'killed', killedBy: [failure.id], failureMessage: failure.failureMessage, nrOfTests: count };
      }
    }
    await nextTurn();
    if (strayErrors.length > 0) return { status: 'error', errorMessage: String(strayErrors[0]) };
    return { status: 'survived', nrOfTests: count };
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: MutationRunner }];
