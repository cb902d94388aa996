import type { LoggerService } from '@nestjs/common';

import type { CountingEvent } from '../../core/inbox/counting-event.js';

/**
 * One line in the log for what happens to an early event; a warning where a gap stays open.
 * @internal
 */
export function logCountingEvent(logger: LoggerService, event: CountingEvent): void {
  if (event.type === 'gapOpen') {
    const { consumer, stream, key, expected, parked, since } = event;
    logger.warn(
      `${consumer}: version ${String(expected)} of ${stream} ${JSON.stringify(key)} is missing; ` +
        `${String(parked)} parked events have waited for it since ${since.toISOString()}: ` +
        'replay its dead letter, or give it up with StanParked.skip()',
    );
    return;
  }
  const { handler, sequence, subject, stream, key, version } = event;
  const what = `event ${String(sequence)} of "${subject}" (version ${String(version)} of ${stream} ${JSON.stringify(key)})`;
  const outcome = event.type === 'parked' ? 'came early and is parked' : `left the parked events: ${event.outcome}`;
  logger.debug?.(`${handler}: ${what} ${outcome}`);
}
