import { readFile } from 'node:fs/promises';
import type { CliIo } from './cli-io.js';
import { printLine } from './cli-io.js';

const help = `Usage: nestjs-stan <command> [options]

Commands:
  dead-letters  list, show, replay or drop what a service gave up on

nestjs-stan <command> --help tells the options of a command.`;

const usageError = 2;

/**
 * Runs the command that the first argument names, loading no other; resolves with the exit code.
 * @internal
 */
export async function runCli([name, ...argv]: readonly string[], io: CliIo): Promise<number> {
  switch (name) {
    case 'dead-letters':
      return (await import('./dead-letters/run-dead-letters.js')).runDeadLetters(argv, io);
    case '--version':
    case '-V':
      printLine(io.stdout, await readVersion());
      return 0;
    case '--help':
    case '-h':
    case 'help':
      printLine(io.stdout, help);
      return 0;
    case undefined:
      printLine(io.stderr, help);
      return usageError;
    default:
      printLine(io.stderr, `error: no command "${name}"\n\n${help}`);
      return usageError;
  }
}

/** The package.json above, both of the sources and of what is built from them. */
async function readVersion(): Promise<string> {
  for (const path of ['../../package.json', '../../../package.json']) {
    const text = await readFile(new URL(path, import.meta.url), 'utf8').catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { version: string }).version;
  }
  return 'unknown';
}
