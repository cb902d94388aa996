import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { printableLines } from '../../core/errors/printable.js';
import { redactServerUrl } from '../../core/errors/describe-value.js';
import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import { StanError } from '../../core/errors/stan.error.js';
import { UsageError } from '../io/usage.error.js';
import { StanConnectionOptions } from '../../core/options/connection-options.js';
import { maxInt32 } from '../../core/option-rules/option-limits.js';
import { assertSubject } from '../../core/options/subject.js';
import type { CliIo } from '../io/cli-io.js';
import { printMessage } from '../io/cli-io.js';
import { CommandError } from './command.error.js';
import type { CommonOptions, ListOptions, ReplayOptions, SettleOptions } from './dead-letters-actions.js';
import { dropDeadLetters, listDeadLetters, replayDeadLetters, showDeadLetter } from './dead-letters-actions.js';

const failed = 1;
const usageError = 2;

/**
 * Runs `nestjs-stan dead-letters …` and resolves with the exit code; never rejects for what a person can cause.
 * @param argv - what follows `dead-letters` on the command line
 * @internal
 */
export async function runDeadLetters(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    await makeProgram(io).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has printed its own already: usage errors, and help, which is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
    if (!(error instanceof StanError) && !(error instanceof CommandError) && !(error instanceof UsageError))
      throw error;
    printMessage(io.stderr, `error: ${error.message}`);
    return error instanceof InvalidOptionError || error instanceof UsageError ? usageError : failed;
  }
}

function makeProgram(io: CliIo): Command {
  const program = new Command('nestjs-stan dead-letters')
    .description('Lists what a service gave up on, and sends it back or drops it.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(printableLines(text)),
    });
  addReading(program, io);
  addSettling(program, io);
  return program;
}

function addReading(program: Command, io: CliIo): void {
  withConnection(program.command('list'), io)
    .description('the open dead letters, oldest first, with age and cause')
    .option('--all', 'include replayed and dropped entries')
    .action((options: ListOptions) => listDeadLetters(options, io));
  withConnection(program.command('show'), io)
    .description('one dead letter with payload and stack')
    .argument('<sequence>', 'its sequence in the list', toSequence)
    .action((sequence: number, options: CommonOptions) => showDeadLetter(sequence, options, io));
}

function addSettling(program: Command, io: CliIo): void {
  withSelection(withConnection(program.command('replay'), io))
    .description('sends dead letters back to their subject, where every service gets them, or to the one that gave up')
    .option('--handler', 'only to the handler that gave up; no other service or handler gets it')
    .action((sequences: number[], options: ReplayOptions) => replayDeadLetters(sequences, options, io));
  withSelection(withConnection(program.command('drop'), io))
    .description('marks dead letters as done without sending them')
    .action((sequences: number[], options: SettleOptions) => dropDeadLetters(sequences, options, io));
}

function withConnection(command: Command, { env }: CliIo): Command {
  return command
    .requiredOption('--subject <subject>', 'the dead-letter subject of the service, such as orders:dead', toSubject)
    .addOption(serversOption(env))
    .option('--cluster <id>', 'cluster id of the server (NATS_CLUSTER_ID)', env['NATS_CLUSTER_ID'] ?? 'test-cluster')
    .addOption(
      new Option('--driver <name>', 'which broker it is (NATS_DRIVER)')
        .choices(['stan', 'jetstream'])
        .default(env['NATS_DRIVER'] ?? 'stan'),
    )
    .addOption(
      new Option(
        '--monitoring <url>',
        'monitoring URL of the STAN server (NATS_MONITORING_URL): a subject that it does not have is refused',
      ).default(env['NATS_MONITORING_URL'], 'none'),
    )
    .option('--client-id <id>', 'client id to connect with')
    .option('--timeout <ms>', 'how long to wait for the server, in milliseconds', toDurationMs, 10_000)
    .option('--json', 'print JSON');
}

/** Help shows the default, which must not show the password that an environment variable may hold. */
function serversOption(env: CliIo['env']): Option {
  const servers = env['NATS_URL'] ?? String(new StanConnectionOptions().servers);
  return new Option('--servers <urls>', 'server URLs, joined by commas (NATS_URL)').default(
    servers,
    redactServerUrl(servers),
  );
}

function withSelection(command: Command): Command {
  return command
    .argument('[sequence...]', 'their sequences in the list', collectSequence)
    .option('--all', 'all open entries')
    .option('--from <sequence>', 'open entries from this sequence on', toSequence)
    .option('--to <sequence>', 'open entries up to this sequence', toSequence)
    .option('--again', 'include entries that are already done')
    .option('--dry-run', 'print what would be done, without doing it');
}

/** Commander shows its own default arguments when a function is given directly, so that each call gets what came before. */
function collectSequence(text: string, previous: number[] | undefined): number[] {
  return [...(previous ?? []), toSequence(text)];
}

function toSequence(text: string): number {
  const sequence = toCount(text);
  if (sequence < 1) throw new InvalidArgumentError('Sequences begin at 1.');
  return sequence;
}

function toDurationMs(text: string): number {
  const ms = toCount(text);
  if (ms < 1 || ms > maxInt32)
    throw new InvalidArgumentError(`Expected whole milliseconds from 1 on, to ${String(maxInt32)}.`);
  return ms;
}

function toCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('Expected a whole number.');
  return count;
}

function toSubject(text: string): string {
  try {
    assertSubject(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  return text;
}
