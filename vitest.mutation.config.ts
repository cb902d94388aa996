import { defineConfig } from 'vitest/config';
import { fromSource } from './vitest.config.js';

/** What Stryker runs for each mutant: the unit tests of the rooms that `stryker.config.json` mutates. */
export default defineConfig({
  ...fromSource,
  test: {
    include: ['test/unit/{core,nest,drivers}/**/*.spec.ts'],
    setupFiles: ['reflect-metadata'],
    testTimeout: 10_000,
  },
});
