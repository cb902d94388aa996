import { PassThrough } from 'node:stream';
import type { CliIo } from '../../lib/cli/io/cli-io.js';

/** A process for a command to run in: what it prints is kept. */
export interface TestIo extends CliIo {
  readonly out: () => string;
  readonly err: () => string;
}

/** Makes a {@link TestIo} whose wall clock stands still, and whose stderr is no terminal. */
export function testIo({ env = {}, now = new Date() }: { env?: Record<string, string>; now?: Date } = {}): TestIo {
  const stdout = collector();
  const stderr = collector();
  return { env, stdout: stdout.stream, stderr: stderr.stream, now: () => now, out: stdout.text, err: stderr.text };
}

function collector() {
  const stream = new PassThrough();
  const chunks: string[] = [];
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return { stream, text: () => chunks.join('') + String(stream.read() ?? '') };
}
