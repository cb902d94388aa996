import { inspect, styleText } from 'node:util';

import { ConsoleLogger } from '@nestjs/common';

import { printable } from '../../core/errors/printable.js';
import type { SafeLogger } from './safe-logger.js';

/** What a line is about, as fields of their own; those that are not known are left out. */
export interface LogFields {
  readonly subject?: string | undefined;
  readonly sequence?: number | undefined;
  readonly handler?: string | undefined;
  readonly delivery?: number | undefined;
  readonly traceId?: string | undefined;
  /** Whose connection it is. */
  readonly clientId?: string | undefined;
  /** What has happened to it, as `on()` names it. */
  readonly event?: string | undefined;
  readonly attempt?: number | undefined;
  readonly retryInMs?: number | undefined;
  /** How long the session was away, or the server silent. */
  readonly downMs?: number | undefined;
  /** Of a `StanError`. */
  readonly code?: string | undefined;
}

type Level = 'log' | 'warn' | 'error' | 'debug';

const colors = { log: 'green', warn: 'yellow', error: 'red', debug: 'magentaBright' } as const;

/** What a logger is told. */
export interface Line {
  readonly level: Level;
  readonly text: string;
  readonly fields: LogFields;
  readonly stack?: string | undefined;
}

/**
 * Writes a line whose text says it all, for a terminal, and whose facts are fields as well, for a logger that writes JSON.
 * Of what it is given, the logger itself makes a text printable, not an object.
 * @internal
 */
export function logLine(logger: SafeLogger, { level, text, fields, stack }: Line): void {
  const message = fields.traceId === undefined ? text : `${text} [trace ${fields.traceId}]`;
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const first = takesParams(logger) ? [message, hiddenInText(known)] : [new LogLine(level, printable(message), known)];
  const rest = stack === undefined ? [] : [stack];
  logger[level](...(first as [unknown]), ...rest);
}

/**
 * An object with `message` and the fields for every logger that takes objects (pino, winston, Nest 11's own), and the text
 * wherever it is made a text.
 */
class LogLine {
  // eslint-disable-next-line no-restricted-syntax -- loggers print the other fields, `private` ones too
  readonly #level: Level;

  constructor(
    level: Level,
    readonly message: string,
    fields: object,
  ) {
    this.#level = level;
    Object.assign(this, fields);
  }

  toString(): string {
    return this.message;
  }

  [inspect.custom](_depth: number, options: { readonly colors?: boolean }): string {
    return options.colors === true ? styleText(colors[this.#level], this.message) : this.message;
  }
}

/** From 12.5 on Nest's own logger takes an object beside the message: its JSON has it as `params`. */
function takesParams({ applicationLogger: target }: SafeLogger): boolean {
  return target instanceof ConsoleLogger && 'stringifyParams' in target;
}

/** The text has all of them already, so that a terminal need not show them twice. Enumerable, since Nest copies the object. */
function hiddenInText(fields: object): object {
  return { ...fields, [inspect.custom]: () => '' };
}
