import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, '..', '..', '.cache', 'bin', 'stan-bench');
const run = promisify(execFile);
const timeoutMs = 120_000;

/** False where the Go client's benchmark is not installed: `npm run server:install`. */
export const hasStanBench = existsSync(program);

/** Runs the official Go client's own benchmark; resolves with what it prints. */
export async function runStanBench(args) {
  const { stdout } = await run(program, args, { timeout: timeoutMs });
  return stdout;
}

/** Of all publishers, or all subscribers, together: messages per second from the first one's start to the last one's end. */
export function rateOf(output, side) {
  const [, rate] = new RegExp(`^ ?(?:NATS Streaming )?${side} stats: ([\\d,]+) msgs/sec`, 'm').exec(output) ?? [];
  return rate === undefined ? undefined : Number(rate.replaceAll(',', ''));
}
