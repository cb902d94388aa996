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

const suite = (name: string, options: { testTimeout: number; fileParallelism?: boolean; maxWorkers?: number }) => ({
  ...shared,
  test: {
    name,
    include: [`test/${name}/**/*.spec.ts`],
    setupFiles: ['reflect-metadata'],
    hookTimeout: 60_000,
    ...options,
  },
});

/** Where `.ci/run` wants its counts. */
const reportFile = process.env['TEST_REPORT_FILE'];

export default defineConfig({
  test: {
    reporters: reportFile ? ['default', ['json', { outputFile: reportFile }]] : ['default'],
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
