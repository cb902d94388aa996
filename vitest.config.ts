import { defineConfig } from 'vitest/config';
import LongestFilesFirst from './test/support/longest-files-first.js';

/** The tests import the library by its public names, from source: no build is needed to run them. */
const source = 'nestjs-stan:source';
/**
 * Vitest hands `ssr.resolve.conditions` on to Node, which itself adds `import` or `require`: given here, `import` would
 * also steer what a CommonJS package requires (pg would get pg-pool's ES module and fail).
 */
export const fromSource = {
  resolve: { conditions: [source, 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: [source, 'node', 'default'], externalConditions: [source, 'node'] } },
};

/**
 * CI runs real servers, killed processes and a browser side by side on two cores. A case of theirs that fails is run once
 * more there, and shown with its retries, so that a machine's hiccup stops nobody; a fault of ours fails twice.
 */
const isCi = process.env['CI'] === 'true';

interface SuiteOptions {
  readonly testTimeout: number;
  readonly fileParallelism?: boolean;
  /** False: a worker loads Nest and the library once and keeps them for its next file. */
  readonly isolate?: boolean;
  readonly include?: string[];
  readonly exclude?: string[];
  readonly env?: Record<string, string>;
  readonly globalSetup?: string[];
}

const suite = (name: string, options: SuiteOptions) => ({
  ...fromSource,
  test: {
    name,
    include: [`test/${name}/**/*.spec.ts`],
    setupFiles: ['reflect-metadata'],
    hookTimeout: 60_000,
    retry: isCi && name !== 'unit' ? 1 : 0,
    ...options,
  },
});

/** Files that need a real server; `npm test` leaves them out, `npm run test:real` and CI run them. */
const realServer = 'test/**/*.real.spec.ts';

/** Take a minute or two each; `npm test` leaves them out, `npm run test:e2e` and CI run them. */
const minutesLong = ['test/e2e/course/course.spec.ts', 'test/e2e/sample-app/crashes.spec.ts'];

/** Cases of JetStream alone. */
const jetStreamOnly = 'test/contract/jetstream/**';

/** The rows whose wire is STAN's; clients of other languages speak nothing else. A SQL store has the real server alone. */
const isOnSqlStore = process.env['TEST_STORE'] === 'sql';
const stanBrokers = { TEST_BROKERS: isOnSqlStore ? 'real' : 'embedded,real' };

/** Does nothing without `TEST_STORE=sql`. */
const globalSetup = ['test/support/postgres/sql-store.setup.ts'];

/** Where `.ci/run` wants its counts. */
const reportFile = process.env['TEST_REPORT_FILE'];

export default defineConfig({
  test: {
    reporters: [
      'default',
      './scripts/slowest-files-reporter.mjs',
      ...(reportFile ? [['json', { outputFile: reportFile }] as ['json', object]] : []),
    ],
    // Most of the time the suites wait, for ack waits and processes, so more of them run than there are cores.
    maxWorkers: 4,
    sequence: { sequencer: LongestFilesFirst },
    coverage: { provider: 'v8', include: ['lib/**/*.ts'], reporter: ['text-summary', 'json-summary', 'html'] },
    projects: [
      suite('unit', { testTimeout: 30_000, isolate: false }),
      suite('contract', {
        testTimeout: 60_000,
        isolate: false,
        exclude: [realServer, jetStreamOnly],
        env: { TEST_BROKERS: 'embedded' },
      }),
      suite('contract-real', {
        // [STAN-SQL-1]
        testTimeout: isOnSqlStore ? 300_000 : 60_000,
        isolate: false,
        include: ['test/contract/**/*.spec.ts'],
        exclude: [jetStreamOnly],
        env: { TEST_BROKERS: 'real' },
        globalSetup,
      }),
      suite('e2e', {
        testTimeout: 120_000,
        exclude: [realServer, ...minutesLong],
        env: { TEST_BROKERS: 'embedded' },
      }),
      suite('e2e-long', { testTimeout: 120_000, include: minutesLong, env: { TEST_BROKERS: 'embedded' } }),
      suite('e2e-real', {
        testTimeout: 120_000,
        include: [
          'test/e2e/**/*.real.spec.ts',
          'test/e2e/service-processes.spec.ts',
          'test/e2e/sample-app/seen-from-outside.spec.ts',
        ],
        env: { TEST_BROKERS: 'real' },
      }),
      // In projects of its own, so that the rows of STAN can be run without it.
      suite('contract-jetstream', {
        testTimeout: 60_000,
        isolate: false,
        include: ['test/contract/**/*.spec.ts'],
        exclude: [realServer],
        env: { TEST_BROKERS: 'jetstream' },
      }),
      suite('faults-jetstream', {
        testTimeout: 300_000,
        include: ['test/faults/**/*.spec.ts'],
        exclude: [realServer],
        env: { TEST_BROKERS: 'jetstream' },
      }),
      suite('faults', {
        testTimeout: 300_000,
        env: stanBrokers,
        globalSetup,
      }),
      suite('foreign-clients', { testTimeout: 120_000, fileParallelism: false, env: stanBrokers }),
      suite('stress', { testTimeout: 1_200_000, fileParallelism: false, env: stanBrokers }),
    ],
  },
});
