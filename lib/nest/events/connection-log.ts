import type { LoggerService } from '@nestjs/common';

import type { DriverEvent } from '../../core/driver/driver-event.js';

/**
 * One line in the log for what happens to a connection.
 * @internal
 */
export function logConnectionEvent(logger: LoggerService, event: DriverEvent): void {
  switch (event.type) {
    case 'status':
    case 'transportRestored':
      return;
    case 'connectAttemptFailed':
      logger.warn(
        `connect attempt ${String(event.attempt)} failed: ${event.error.message}; next in ${String(event.retryInMs)} ms`,
      );
      return;
    case 'subscribeAttemptFailed':
      logger.warn(
        `subscribing to "${event.subject}", attempt ${String(event.attempt)} failed: ${event.error.message}; next in ${String(event.retryInMs)} ms`,
      );
      return;
    case 'transportLost':
      logger.warn('connection to the server lost; the session may survive it');
      return;
    case 'serverSilent':
      logger.warn('the server does not answer, although the connection to NATS stands; waiting until it does');
      return;
    case 'serverAnswered':
      logger.log(`the server answers again after ${String(event.silentMs)} ms`);
      return;
    case 'sessionLost':
    case 'warning':
      logger.warn(event.error.message);
      return;
    case 'sessionRestored':
      logger.log(
        `session restored after ${String(event.downMs)} ms, ${String(event.attempts)} attempts` +
          (event.serverChanged ? '; the server may have begun anew' : ''),
      );
      return;
    case 'gaveUp':
      logger.error(`no further attempt to connect: ${event.error.message}`);
  }
}
