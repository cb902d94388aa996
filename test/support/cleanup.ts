import { onTestFailed, onTestFinished } from 'vitest';

/**
 * Has `release` run when the running test is over, in reverse order of registration. Outside of a test (in a
 * `beforeAll`) nothing is registered and the answer is false: the caller then closes what it opened itself.
 */
export function cleanUpAfterTest(release: () => unknown): boolean {
  try {
    onTestFinished(async () => {
      await release();
    }, 60_000);
    return true;
  } catch {
    return false;
  }
}

/** Prints `describe()` when the running test fails; does nothing outside of a test. */
export function showWhenTestFails(describe: () => string): void {
  try {
    onTestFailed(() => {
      process.stderr.write(`${describe()}\n`);
    });
  } catch {
    // in a beforeAll there is no test to be told about
  }
}
