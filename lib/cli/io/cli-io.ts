import { printable, printableLines } from '../../core/errors/printable.js';

/**
 * What a command may touch of the process it runs in; a test gives its own.
 * @internal
 */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results, and nothing else: what a pipe gets. */
  readonly stdout: NodeJS.WritableStream;
  /** Errors, progress and remarks. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** The wall clock, for ages. */
  now(): Date;
}

/** @internal */
export const processIo: CliIo = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => new Date(),
};

/**
 * Writes a line, or several; names and payloads in it come from events, and none of their escape sequences may reach the
 * terminal.
 * @internal
 */
export function printLine(stream: NodeJS.WritableStream, text: string): void {
  stream.write(`${printableLines(text)}\n`);
}

/**
 * Writes one line: what stands in a message of an error, or in a name, cannot begin another.
 * @internal
 */
export function printMessage(stream: NodeJS.WritableStream, text: string): void {
  stream.write(`${printable(text)}\n`);
}
