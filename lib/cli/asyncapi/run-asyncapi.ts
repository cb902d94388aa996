import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { describeApp } from '../../asyncapi/create-document.js';
import type { AsyncApiDocument } from '../../asyncapi/create-document.js';
import { findBreakingChanges } from '../../asyncapi/find-breaking-changes.js';
import { AsyncApiError } from '../../core/errors/index.js';
import type { CliIo } from '../io/cli-io.js';
import { printLine, printMessage } from '../io/cli-io.js';

const help = `Usage: nestjs-stan asyncapi print <file.js> [options]
       nestjs-stan asyncapi check <old.json> <new.json>

print writes the AsyncAPI 3.0.0 document of an app's events. The file exports the app's module, or a function that returns
it; nothing of it is started.

  --export <name>    which export of the file (default: the only one, or AppModule)
  --title <text>     title of the document (default: the export's name)
  --version <text>   version of the document (default: 1.0.0)
  --out <file>       write to a file instead of standard output
  --strict           exit with 1 where a payload or a handler is not described

check compares two documents: what was accepted must still be accepted, and what is sent must still match what was sent.
Exit codes: 0 fine, 1 breaking (or --strict unmet), 2 wrong usage, or a file that cannot be read.`;

const [fine, breaking, usageError] = [0, 1, 2];

/**
 * Runs `nestjs-stan asyncapi …` and resolves with the exit code; never rejects for what a person can cause.
 * @param argv - what follows `asyncapi` on the command line
 * @internal
 */
export async function runAsyncApi(argv: readonly string[], io: CliIo): Promise<number> {
  const [command, ...rest] = argv;
  if (command === undefined || command === '--help' || command === '-h') {
    printLine(command === undefined ? io.stderr : io.stdout, help);
    return command === undefined ? usageError : fine;
  }
  try {
    if (command === 'print') return await print(rest, io);
    if (command === 'check') return await check(rest, io);
    throw new AsyncApiError(`there is no command "${command}": print or check is wanted`);
  } catch (error) {
    printMessage(io.stderr, `error: ${error instanceof Error ? error.message : String(error)}`);
    return usageError;
  }
}

async function print(argv: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      export: { type: 'string' },
      title: { type: 'string' },
      version: { type: 'string', default: '1.0.0' },
      out: { type: 'string' },
      strict: { type: 'boolean', default: false },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new AsyncApiError('print takes one file: the one that exports the module');
  const { name, module } = await loadModule(file, values.export);
  const app = await NestFactory.createApplicationContext(module as never, {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  const { document, open } = await describeApp(app, { info: { title: values.title ?? name, version: values.version } });
  const text = `${JSON.stringify(document, undefined, 2)}\n`;
  if (values.out === undefined) io.stdout.write(text);
  else await writeFile(values.out, text);
  for (const { subject, reason } of open) printMessage(io.stderr, `"${subject}" is not described: ${reason}`);
  return values.strict && open.length > 0 ? breaking : fine;
}

async function loadModule(file: string, wanted: string | undefined): Promise<{ name: string; module: unknown }> {
  const exported = await import(pathToFileURL(resolve(file)).href).then(
    (loaded: Record<string, unknown>) => loaded,
    (cause: unknown) => {
      throw new AsyncApiError(`${file} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    },
  );
  const names = Object.keys(exported);
  const name = wanted ?? (names.includes('AppModule') ? 'AppModule' : names.length === 1 ? names[0] : undefined);
  const found = name === undefined ? undefined : exported[name];
  if (name === undefined || found === undefined)
    throw new AsyncApiError(
      `${file} has no export ${wanted ?? 'AppModule'}; it exports ${names.join(', ') || 'nothing'}: name one with --export`,
    );
  const isPlainFunction = typeof found === 'function' && !/^class\b/.test(Function.prototype.toString.call(found));
  return { name, module: isPlainFunction ? await (found as () => unknown)() : found };
}

async function check(argv: readonly string[], io: CliIo): Promise<number> {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
  const [older, newer, ...more] = positionals;
  if (older === undefined || newer === undefined || more.length > 0)
    throw new AsyncApiError('check takes two files: the older document and the newer one');
  const changes = findBreakingChanges(await readDocument(older), await readDocument(newer));
  for (const { subject, action, path, reason, isNotice } of changes)
    printMessage(
      io.stdout,
      `${isNotice ? 'notice' : 'breaking'}: ${action} "${subject}"${path === '' ? '' : ` ${path}`}: ${reason}`,
    );
  if (changes.length === 0) printLine(io.stdout, 'nothing breaks');
  return changes.some(({ isNotice }) => !isNotice) ? breaking : fine;
}

async function readDocument(file: string): Promise<AsyncApiDocument> {
  const parsed: unknown = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as unknown)
    .catch((cause: unknown) => {
      throw new AsyncApiError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    });
  if (typeof parsed !== 'object' || parsed === null || (parsed as { asyncapi?: unknown }).asyncapi !== '3.0.0')
    throw new AsyncApiError(`${file} is not an AsyncAPI 3.0.0 document`);
  return parsed as AsyncApiDocument;
}
