// Prints "passed failed skipped" of one vitest JSON report. Arguments: the report, the exit code of the run.
// A run that failed without a failed test (a file that does not load, an unhandled error, a time-out) counts as one failure.
import { readFileSync } from 'node:fs';

const [path, exitCode] = process.argv.slice(2);
let counts = { passed: 0, failed: 0, skipped: 0 };
try {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
} catch (error) {
  console.error(`no report from this run: ${error.message}`);
}
if (exitCode !== '0' && counts.failed === 0) counts.failed = 1;
if (counts.passed + counts.failed + counts.skipped === 0) counts.failed = 1;
console.log(counts.passed, counts.failed, counts.skipped);
