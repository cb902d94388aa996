import { Logger } from '@nestjs/common';

import { ignoreRejection } from '../../core/errors/describe-value.js';
import { describeError } from '../../core/delivery/dead-letter.js';

/**
 * Nest's logger, which hands on to the application's own: what that throws ends neither a delivery nor the process. It is
 * said once, by a warning of the process, since there is no log to say it in.
 * @internal
 */
export class SafeLogger extends Logger {
  private saidFailure = false;

  override log(...values: Parameters<Logger['log']>): void {
    this.attempt(() => super.log(...values));
  }

  override error(...values: Parameters<Logger['error']>): void {
    this.attempt(() => super.error(...values));
  }

  override warn(...values: Parameters<Logger['warn']>): void {
    this.attempt(() => super.warn(...values));
  }

  override debug(...values: Parameters<Logger['debug']>): void {
    this.attempt(() => super.debug(...values));
  }

  /** Tells that a function of the user's has failed, whatever it threw. */
  failed(what: string, thrown: unknown): void {
    const { message, stack } = describeError(thrown);
    this.error(`${what} failed: ${message}`, ...(stack === undefined ? [] : [stack]));
  }

  private attempt(write: () => void): void {
    try {
      write();
    } catch (thrown) {
      ignoreRejection(thrown);
      if (this.saidFailure) return;
      this.saidFailure = true;
      process.emitWarning("the application's logger threw; log lines of nestjs-stan are lost", 'StanLoggerWarning');
    }
  }
}
