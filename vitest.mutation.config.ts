import { defineConfig } from 'vitest/config';
import { fromSource } from './vitest.config.js';

/**
 * For Stryker's own Vitest runner, to compare the verdicts of `scripts/mutation-runner.mjs` with:
 * `npm run test:mutation -- --testRunner vitest --mutate FILE`. The same tests, the same limit.
 */
export default defineConfig({
  ...fromSource,
  test: {
    include: ['test/unit/{core,drivers/stan}/**/*.spec.ts'],
    setupFiles: ['reflect-metadata'],
    testTimeout: 60_000,
  },
});
