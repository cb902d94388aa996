import { defineConfig } from 'vitest/config';

/** The tests import the library by its public names, from source: no build is needed to run them. */
const source = 'nestjs-stan:source';
/**
 * Vitest hands `ssr.resolve.conditions` on to Node, which itself adds `import` or `require`: given here, `import` would
 * also steer what a CommonJS package requires (pg would get pg-pool's ES module and fail).
 */
const shared = {
  resolve: { conditions: [source, 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: [source, 'node', 'default'], externalConditions: [source, 'node'] } },
};

/**
 * CI runs real servers, killed processes and a browser side by side on two cores. A case of theirs that fails is run once
 * more there, and shown with its retries, so that a machine's hiccup stops nobody; a fault of ours fails twice.
 */
const isCi = process.env['CI'] === 'true';

const suite = (name: string, options: { testTimeout: number; fileParallelism?: boolean; maxWorkers?: number }) => ({
  ...shared,
  test: {
    name,
    include: [`test/${name}/**/*.spec.ts`],
    setupFiles: ['reflect-metadata'],
    hookTimeout: 60_000,
    retry: isCi && name !== 'unit' ? 1 : 0,
    ...options,
  },
});

/** Where `.ci/run` wants its counts. */
const reportFile = process.env['TEST_REPORT_FILE'];

export default defineConfig({
  test: {
    reporters: reportFile ? ['default', ['json', { outputFile: reportFile }]] : ['default'],
    // Most of the time the suites wait, for ack waits and processes, so more of them run than there are cores.
    maxWorkers: 4,
    coverage: { provider: 'v8', include: ['lib/**/*.ts'], reporter: ['text-summary', 'json-summary', 'html'] },
    projects: [
      suite('unit', { testTimeout: 10_000 }),
      suite('contract', { testTimeout: 60_000 }),
      suite('e2e', { testTimeout: 120_000, fileParallelism: false }),
      suite('faults', { testTimeout: 300_000, fileParallelism: false }),
      suite('foreign-clients', { testTimeout: 120_000, fileParallelism: false }),
      suite('stress', { testTimeout: 1_200_000, fileParallelism: false }),
    ],
  },
});
