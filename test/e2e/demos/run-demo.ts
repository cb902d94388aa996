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
  readonly way: string;
  /** The cell of the row with this label. */
  row(label: string): string | undefined;
}

/** Reads the table of one demo. */
export function columnsOf(text: string): Column[] {
  const lines = cellsOf(text);
  const ways = lines.find(([first]) => first === 'naive') ?? [];
  return ways.map((way, index) => ({ way, row: (label) => lines.find(([first]) => first === label)?.[index + 1] }));
}

/** The cells of each line of a table: they stand at least three spaces apart. */
export function cellsOf(text: string): string[][] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s{3,}/));
  return lines.filter((cells) => cells.length > 1);
}
