import { finished } from 'node:stream/promises';

import type { BrokerLogger, StanBrokerOptions, Store } from '../../broker/index.js';
import { StanBroker } from '../../broker/stan-broker.js';
import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import { StanError } from '../../core/errors/stan.error.js';
import type { CliIo } from '../io/cli-io.js';
import { printLine, printMessage, processIo } from '../io/cli-io.js';
import { readVersion } from '../io/read-version.js';
import { LogFile } from './log-file.js';
import { parseFlags } from './parse-flags.js';
import { banner, helpText } from './server-texts.js';
import type { DeclaredFlag } from '../../core/option-rules/flag.decorator.js';
import { brokerFlags, limitFlags } from './server-settings.js';
import type { ServerSettings } from './server-settings.js';
import { UsageError } from '../io/usage.error.js';

const failed = 1;
const usageError = 2;

/**
 * Resolves with the name of the signal that asks the server to stop, and no longer listens for any: a second one ends
 * the process the usual way.
 * @internal
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve(signal);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}

/**
 * Runs `nestjs-stan server …`: serves until it is asked to stop, and resolves with the exit code.
 * @param argv - what follows `server` on the command line
 * @internal
 */
export async function runServer(
  argv: readonly string[],
  io: CliIo = processIo,
  untilStop: () => Promise<string> = stopSignal,
): Promise<number> {
  try {
    const settings = parseFlags(argv);
    if (settings.showHelp) printLine(io.stdout, helpText());
    else if (settings.showVersion) printLine(io.stdout, await readVersion());
    else await serve(settings, io, untilStop);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      printMessage(io.stderr, `error: ${error.message}`);
      printMessage(io.stderr, 'nestjs-stan server --help lists the flags.');
      return usageError;
    }
    if (!(error instanceof StanError)) throw error;
    printMessage(io.stderr, `error: ${error.message}`);
    // A port out of range, or a cluster id that is none: the command line is wrong.
    return error instanceof InvalidOptionError ? usageError : failed;
  }
}

async function serve(settings: ServerSettings, io: CliIo, untilStop: () => Promise<string>): Promise<void> {
  // Listened for first: a signal that comes while the server starts stops it as well.
  const stopped = untilStop();
  const log = openLog(settings, io);
  const broker = await StanBroker.start(await brokerOptions(settings, { ...io, stderr: log ?? io.stderr }));
  printLine(io.stdout, banner(broker, settings, await readVersion()));
  const signal = await stopped;
  printLine(io.stdout, `Stopping (${signal}) …`);
  await broker.close();
  if (log !== undefined) await finished(log.end());
  printLine(io.stdout, 'Stopped.');
}

function openLog({ logFile }: ServerSettings, io: CliIo): LogFile | undefined {
  return logFile === undefined ? undefined : new LogFile(logFile, (message) => printMessage(io.stderr, message));
}

async function brokerOptions(settings: ServerSettings, io: CliIo): Promise<StanBrokerOptions> {
  const { store, directory, user, password, token } = settings;
  return {
    ...pick(settings, brokerFlags),
    limits: pick(settings, limitFlags),
    logger: streamLogger(io, settings.debug),
    ...(store === 'FILE' && directory !== undefined ? { store: await fileStore(directory) } : {}),
    ...(user !== undefined && password !== undefined ? { auth: { user, pass: password } } : {}),
    ...(token === undefined ? {} : { auth: { token } }),
  };
}

/** Loaded here: a server that keeps its state in memory starts sooner without it. */
async function fileStore(directory: string): Promise<Store> {
  const { LmdbStore } = await import('../../broker/store/lmdb/lmdb-store.js');
  return new LmdbStore({ directory });
}

function pick(settings: ServerSettings, flags: readonly DeclaredFlag[]): object {
  return Object.fromEntries(flags.map(({ option }) => [option, settings[option as keyof ServerSettings]]));
}

function streamLogger(io: CliIo, withDebug: boolean): BrokerLogger {
  const line = (level: string) => (message: string) =>
    printLine(io.stderr, `[${String(process.pid)}] ${io.now().toISOString()} [${level}] STREAM: ${message}`);
  return { error: line('ERR'), warn: line('WRN'), info: line('INF'), debug: withDebug ? line('DBG') : () => undefined };
}
