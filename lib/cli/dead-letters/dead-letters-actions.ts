import type { CliIo } from '../io/cli-io.js';
import { printLine } from '../io/cli-io.js';
import { readChannel } from './channel-reader.js';
import { CommandError } from './command.error.js';
import type { DeadLetterEntry } from './dead-letter-entry.js';
import { toEntries } from './dead-letter-entry.js';
import { describeEntries, describeEntry, describeStep, entryAsJson } from './entry-view.js';
import { refuseUnknownChannel } from './known-channel.js';
import { Progress } from './progress.js';
import type { Selection } from './select-entries.js';
import { findEntry, refuseUnclearSelection, selectEntries } from './select-entries.js';
import type { Step } from './settle-entries.js';
import { dropStep, replayStep, takeSteps } from './settle-entries.js';
import type { BrokerConnectionOptions, BrokerConnection } from './broker-connection.js';
import { currentPerson, lockingClientId, withBrokerConnection } from './broker-connection.js';

/** @internal */
export interface CommonOptions extends BrokerConnectionOptions {
  readonly subject: string;
  readonly json?: boolean;
  /** Where to ask whether the subject is known. */
  readonly monitoring?: string;
}

/** @internal */
export interface ListOptions extends CommonOptions {
  /** Shows what is done too. */
  readonly all?: boolean;
}

/** @internal */
export interface SettleOptions extends CommonOptions, Omit<Selection, 'sequences'> {
  readonly dryRun?: boolean;
}

/** @internal */
export interface ReplayOptions extends SettleOptions {
  readonly handler?: boolean;
}

/**
 * Prints the open dead letters, oldest first; with `all` those that are done too.
 * @internal
 */
export async function listDeadLetters(options: ListOptions, io: CliIo): Promise<void> {
  const entries = await withBrokerConnection(options, io, ({ driver }) => readEntries(driver, options));
  const shown = options.all === true ? entries : entries.filter(({ done }) => done === undefined);
  const now = io.now();
  if (options.json === true)
    printJson(
      io,
      shown.map((entry) => entryAsJson(entry, now)),
    );
  else if (shown.length > 0) printLine(io.stdout, describeEntries(shown, now));
  const doneCount = entries.filter(({ done }) => done !== undefined).length;
  const openCount = entries.length - doneCount;
  printLine(io.stderr, `${String(openCount)} open, ${String(doneCount)} done on "${options.subject}"`);
  if (entries.length === 0 && options.monitoring === undefined) printLine(io.stderr, emptyChannel);
}

/**
 * Prints one dead letter with payload and stack.
 * @internal
 */
export async function showDeadLetter(sequence: number, options: CommonOptions, io: CliIo): Promise<void> {
  const entries = await withBrokerConnection(options, io, ({ driver }) => readEntries(driver, options));
  const entry = findEntry(entries, sequence);
  if (options.json === true) printJson(io, entryAsJson(entry, io.now()));
  else printLine(io.stdout, describeEntry(entry, io.now()));
}

/**
 * Sends dead letters back and marks them as done.
 * @internal
 */
export function replayDeadLetters(sequences: readonly number[], options: ReplayOptions, io: CliIo): Promise<void> {
  return settle(sequences, options, io, (entry) => replayStep(entry, options.subject, options.handler === true));
}

/**
 * Marks dead letters as done without sending them anywhere.
 * @internal
 */
export function dropDeadLetters(sequences: readonly number[], options: SettleOptions, io: CliIo): Promise<void> {
  return settle(sequences, options, io, dropStep);
}

async function settle(
  sequences: readonly number[],
  options: SettleOptions,
  io: CliIo,
  toStep: (entry: DeadLetterEntry) => Step,
): Promise<void> {
  const { subject, dryRun = false } = options;
  const selection = { ...options, sequences };
  refuseUnclearSelection(selection);
  // A dry run changes nothing, so it needs no lock.
  const clientId = options.clientId ?? (dryRun ? undefined : lockingClientId(subject));
  await withBrokerConnection(
    { ...options, ...(clientId === undefined ? {} : { clientId }) },
    io,
    async (connection) => {
      const steps = selectEntries(await readEntries(connection.driver, options), selection).map(toStep);
      if (!dryRun) await takeWithProgress(steps, connection, subject, io);
      printSteps(steps, options, io);
    },
  );
}

/** A misspelt subject looks like this, too. */
const emptyChannel =
  'The channel is empty; if it did not exist before, it does now. With --monitoring <url>, subjects that the server does not have are refused.';

async function takeWithProgress(
  steps: readonly Step[],
  connection: BrokerConnection,
  deadLetterSubject: string,
  io: CliIo,
): Promise<void> {
  const progress = new Progress(steps.length, io.stderr);
  let doneCount = 0;
  const onStep = (): void => {
    doneCount += 1;
    progress.step();
  };
  try {
    await takeSteps(steps, connection, { deadLetterSubject, by: currentPerson(), now: () => io.now(), onStep });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const at = String(steps[doneCount]?.sequence);
    throw new CommandError(
      `stopped at ${at}, after ${String(doneCount)} of ${String(steps.length)}: ${reason}; ${at} and what follows stays open`,
      { cause: error },
    );
  } finally {
    progress.stop();
  }
}

function printSteps(steps: readonly Step[], { json, dryRun = false }: SettleOptions, io: CliIo): void {
  if (json === true) {
    const rows = steps.map(({ sequence, action, send }) => ({
      sequence,
      action,
      ...(send !== undefined && { to: send.subject }),
    }));
    printJson(io, { dryRun, steps: rows });
    return;
  }
  for (const step of steps) printLine(io.stdout, `${dryRun ? 'would be: ' : ''}${describeStep(step)}`);
  printLine(io.stderr, `${String(steps.length)} ${dryRun ? 'would be done (dry run)' : 'done'}`);
}

async function readEntries(
  driver: BrokerConnection['driver'],
  { subject, monitoring, driver: broker }: CommonOptions,
): Promise<DeadLetterEntry[]> {
  // Another broker has no such pages, and NATS_MONITORING_URL may be set for the STAN server beside it.
  if (monitoring !== undefined && broker !== 'jetstream') await refuseUnknownChannel(monitoring, subject);
  return toEntries(await readChannel(driver, subject));
}

function printJson(io: CliIo, value: unknown): void {
  // Inside of JSON the escapes are the same text; what JSON itself leaves as it is must not reach the terminal either.
  const text = JSON.stringify(value, undefined, 2);
  printLine(io.stdout, text);
}
