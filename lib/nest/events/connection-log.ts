import type { DriverEvent } from '../../core/driver/driver-event.js';
import type { BrokerWords } from '../../core/driver/driver.js';
import { logLine } from './log-line.js';
import type { Line, LogFields } from './log-line.js';
import type { SafeLogger } from './safe-logger.js';

/**
 * One line in the log for what happens to a connection, with its facts as fields.
 * @internal
 */
export function logConnectionEvent(
  logger: SafeLogger,
  event: DriverEvent,
  clientId: string,
  words: BrokerWords | undefined,
): void {
  const line = lineOf(event, words);
  if (line !== undefined) logLine(logger, { ...line, fields: { clientId, event: event.type, ...line.fields } });
}

type ConnectionLine = Pick<Line, 'level' | 'text'> & { readonly fields?: LogFields };

function lineOf(event: DriverEvent, words: BrokerWords | undefined): ConnectionLine | undefined {
  switch (event.type) {
    case 'status':
    case 'transportRestored':
      return undefined;
    case 'connectAttemptFailed':
      return attemptLine('connect attempt', event);
    case 'subscribeAttemptFailed':
      return attemptLine(`subscribing to "${event.subject}", attempt`, event);
    case 'transportLost':
      return {
        level: 'warn',
        text: `connection to the server lost${words === undefined ? '' : `; ${words.afterTransportLost}`}`,
      };
    case 'serverSilent':
      return {
        level: 'warn',
        text: 'the server does not answer, although NATS is connected; waiting until it does',
      };
    case 'serverAnswered': {
      const text = `the server answers again after ${String(event.silentMs)} ms`;
      return { level: 'log', text, fields: { downMs: event.silentMs } };
    }
    case 'sessionLost':
    case 'warning':
      return { level: 'warn', text: event.error.message, fields: { code: event.error.code } };
    case 'sessionRestored': {
      const text =
        `session restored after ${String(event.downMs)} ms, ${String(event.attempts)} attempts` +
        (event.serverChanged ? '; the server may have started over' : '');
      return { level: 'log', text, fields: { downMs: event.downMs, attempt: event.attempts } };
    }
    case 'gaveUp': {
      const text = `no further attempt to connect: ${event.error.message}`;
      return { level: 'error', text, fields: { code: event.error.code } };
    }
  }
}

type AttemptFailed = Extract<DriverEvent, { type: 'connectAttemptFailed' | 'subscribeAttemptFailed' }>;

function attemptLine(what: string, event: AttemptFailed): ConnectionLine {
  const { attempt, retryInMs, error } = event;
  const text = `${what} ${String(attempt)} failed: ${error.message}; next in ${String(retryInMs)} ms`;
  const subject = 'subject' in event ? event.subject : undefined;
  return { level: 'warn', text, fields: { subject, attempt, retryInMs, code: error.code } };
}
