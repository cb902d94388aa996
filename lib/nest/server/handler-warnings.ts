import type { LoggerService } from '@nestjs/common';

import type { SubscribableHandler } from './registered-handler.js';
import type { IgnoredMethod } from './ignored-methods.js';

/** Warns, before anything is connected, of what is allowed and hardly meant. */
export function logHandlerWarnings(
  logger: LoggerService,
  handlers: readonly SubscribableHandler[],
  ignored: readonly IgnoredMethod[],
): void {
  for (const { name, reason } of ignored) logger.warn(`${name} is not subscribed: ${reason}`);
  if (handlers.length === 0)
    logger.warn('no handler: no controller of this app has a method with @StanEventPattern or @EventPattern for it');
  for (const { name, options } of handlers) {
    if (options.maxDeliveries === undefined || options.deadLetter !== undefined) continue;
    logger.warn(
      `${name}: maxDeliveries ${String(options.maxDeliveries)} without deadLetter: an event that fails so often stays ` +
        'pending on the server and keeps its place in maxInFlight; set deadLetter: { subject }',
    );
  }
}
