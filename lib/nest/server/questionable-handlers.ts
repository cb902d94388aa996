import type { LoggerService } from '@nestjs/common';

import type { SubscribableHandler } from './registered-handler.js';
import type { UnheardMethod } from './unheard-methods.js';

/** Warns, before anything is connected, of what is allowed and hardly meant. */
export function logQuestionable(
  logger: LoggerService,
  handlers: readonly SubscribableHandler[],
  unheard: readonly UnheardMethod[],
): void {
  for (const { name, reason } of unheard) logger.warn(`${name} is not subscribed: ${reason}`);
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
