import { asError } from '../../errors/as-error.js';
import type { BrokerLogger } from '../../options/stan-broker.options.js';

/**
 * Runs tasks of the server's own: what one throws is logged and reaches nobody else.
 * @internal
 */
export class TaskGuard {
  constructor(private readonly logger: BrokerLogger) {}

  run(what: string, task: () => void): void {
    this.runWith(what, task, undefined);
  }

  /** The same for a task with an argument, so that what runs for every message needs no closure of its own. */
  runWith<T>(what: string, task: (argument: T) => void, argument: T): void {
    try {
      task(argument);
    } catch (error) {
      this.logger.error(`${what} failed: ${asError(error).stack ?? ''}`);
    }
  }
}
