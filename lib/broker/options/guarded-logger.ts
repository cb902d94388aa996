import { ignoreRejection } from '../../core/errors/describe-value.js';
import { printableStack } from '../../core/errors/printable.js';
import type { BrokerLogger } from './stan-broker.options.js';

type Level = keyof BrokerLogger;

/**
 * A logger that may do anything: what it throws or rejects is left alone, since a broker has clients to serve. Names in a
 * message come from clients, so none of them can begin a line or steer a terminal.
 * @internal
 */
export function guardedLogger(logger: BrokerLogger): BrokerLogger {
  // Typed as void, yet an async method returns a promise.
  const returning: Record<Level, (message: string) => unknown> = logger;
  const call =
    (level: Level) =>
    (message: string): void => {
      try {
        ignoreRejection(returning[level](printableStack(message)));
      } catch (thrown) {
        ignoreRejection(thrown);
      }
    };
  return Object.freeze({ error: call('error'), warn: call('warn'), info: call('info'), debug: call('debug') });
}
