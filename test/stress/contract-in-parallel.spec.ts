import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { upTo } from '../support/contract.js';

/** The contract suite in so many processes at the same time, each with brokers of its own. */
const copies = Number(process.env['STRESS_COPIES'] ?? 10);
const vitest = join(import.meta.dirname, '..', '..', 'node_modules', 'vitest', 'vitest.mjs');

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: string[];
    }[];
  }[];
}

/**
 * With ten suites on a few cores the timers of two servers part now and then, which a trace shows as a difference. That
 * such a difference is gone in a second play is still demanded.
 */
const env = { ...process.env, DIFFERENTIAL_HICCUPS: '100' };

/** Runs one copy to its end; resolves with its report. */
function runCopy(reportFile: string): Promise<Report> {
  const flags = ['run', '--project', 'contract', '--maxWorkers', '1', '--reporter', 'json', '--outputFile', reportFile];
  const child = spawn(process.execPath, [vitest, ...flags], { stdio: 'ignore', env });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      try {
        resolve(JSON.parse(readFileSync(reportFile, 'utf8')) as Report);
      } catch (cause) {
        reject(new Error('a copy ended without a report', { cause }));
      }
    });
  });
}

it(`H57 passes the contract suite ${String(copies)} times in parallel`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-parallel-'));
  const reports = await Promise.all(upTo(copies).map((copy) => runCopy(join(folder, `${String(copy)}.json`))));
  const failed = reports.flatMap(({ testResults }, copy) =>
    testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'failed')
      .map(
        ({ fullName, failureMessages }) =>
          `copy ${String(copy)}: ${fullName}: ${String(failureMessages?.[0]?.split('\n')[0])}`,
      ),
  );
  rmSync(folder, { recursive: true });
  expect(failed).toEqual([]);
  for (const { numPassedTests } of reports) expect(numPassedTests).toBeGreaterThan(100);
});
