import type { CliIo } from './io/cli-io.js';
import { printLine, printMessage } from './io/cli-io.js';
import { readVersion } from './io/read-version.js';

const help = `Usage: nestjs-stan <command> [options]

Commands:
  server        run a STAN server for development and tests
  dead-letters  list, show, replay or drop what a service gave up on
  asyncapi      write the document of an app's events, and compare two

Run nestjs-stan <command> --help for the options of a command.`;

const usageError = 2;

/**
 * Runs the command that the first argument names, loading no other; resolves with the exit code.
 * @internal
 */
export async function runCli([name, ...argv]: readonly string[], io: CliIo): Promise<number> {
  switch (name) {
    case 'dead-letters':
      return (await import('./dead-letters/run-dead-letters.js')).runDeadLetters(argv, io);
    case 'asyncapi':
      return (await import('./asyncapi/run-asyncapi.js')).runAsyncApi(argv, io);
    case 'server':
      return (await import('./server/run-server.js')).runServer(argv, io);
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
      printMessage(io.stderr, `error: no command "${name}"`);
      printLine(io.stderr, `\n${help}`);
      return usageError;
  }
}
