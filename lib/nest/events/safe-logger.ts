import { ConsoleLogger, Logger } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';

import { ignoreRejection } from '../../core/errors/describe-value.js';
import { printable, printableStack } from '../../core/errors/printable.js';
import { describeError } from '../../core/errors/describe-error.js';
import { isPromise } from '../../core/wire/index.js';

type Level = 'log' | 'error' | 'warn' | 'debug' | 'verbose' | 'fatal';

/**
 * Nest's logger, which hands on to the application's own: what that throws or rejects ends neither a delivery nor the
 * process. It is said once, by a warning of the process, since there is no log to say it in. A text is one line, whatever
 * stands in it.
 * @internal
 */
export class SafeLogger extends Logger {
  private readonly guards = new WeakMap<LoggerService, LoggerService>();
  private hasWarned = false;

  /** What Nest calls, also when it flushes lines that it had buffered: it drops the promise of an asynchronous logger. */
  override get localInstance(): LoggerService {
    const logger = this.applicationLogger;
    return logger === undefined || logger.constructor === ConsoleLogger ? super.localInstance : this.guardOf(logger);
  }

  /** The application's own logger; `undefined` where it wants none. */
  get applicationLogger(): LoggerService | undefined {
    return super.localInstance;
  }

  override log(message: unknown, ...rest: unknown[]): void {
    super.log(onOneLine(message), ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    super.error(onOneLine(message), ...rest);
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(onOneLine(message), ...rest);
  }

  override debug(message: unknown, ...rest: unknown[]): void {
    super.debug(onOneLine(message), ...rest);
  }

  /** Tells that a function of the user's has failed, whatever it threw. */
  failed(what: string, thrown: unknown): void {
    const { message, stack } = describeError(thrown);
    this.error(`${what} failed: ${message}`, ...(stack === undefined ? [] : [printableStack(stack)]));
  }

  private guardOf(logger: LoggerService): LoggerService {
    const known = this.guards.get(logger);
    if (known !== undefined) return known;
    const call =
      (level: Level) =>
      (...values: unknown[]): void =>
        this.attempt(() =>
          (logger as Record<Level, ((...values: unknown[]) => unknown) | undefined>)[level]?.(...values),
        );
    const guard: LoggerService = {
      ...{ log: call('log'), error: call('error'), warn: call('warn') },
      ...{ debug: call('debug'), verbose: call('verbose'), fatal: call('fatal') },
    };
    this.guards.set(logger, guard);
    return guard;
  }

  private attempt(write: () => unknown): void {
    try {
      const written = write();
      if (isPromise(written)) written.then(undefined, (thrown: unknown) => this.warnOfFailure(thrown));
    } catch (thrown) {
      this.warnOfFailure(thrown);
    }
  }

  private warnOfFailure(thrown: unknown): void {
    ignoreRejection(thrown);
    if (this.hasWarned) return;
    this.hasWarned = true;
    process.emitWarning("the application's logger failed; log lines of nestjs-stan are lost", 'StanLoggerWarning');
  }
}

function onOneLine(message: unknown): unknown {
  return typeof message === 'string' ? printable(message) : message;
}
