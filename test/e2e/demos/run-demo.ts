import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cleanUpAfterTest } from '../../support/cleanup.js';

const program = join(import.meta.dirname, '../../../dist/sample-app/demos/main.js');

/** Runs the built demos as `npm run demo` does. */
export async function runDemo(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, NATS_URL: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUpAfterTest(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

/** One column of a table that a demo printed. */
export interface Column {
  readonly kind: string;
  /** The cell of the row with this label. */
  row(label: string): string | undefined;
}

/** Reads the table of one demo: cells stand at least three spaces apart. */
export function columnsOf(text: string): Column[] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s{3,}/));
  const kinds = lines.find(([first]) => first === 'naive') ?? [];
  return kinds.map((kind, index) => ({
    kind,
    row: (label) => lines.find(([first]) => first === label)?.[index + 1],
  }));
}
