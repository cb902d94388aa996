import type { Clock } from '../../clock/clock.js';
import { startPositions, type SubscriptionRequest } from '../../protocol/messages.js';
import type { MessageLog } from '../../store/store.js';

type SequencedLog = Pick<MessageLog, 'firstSequence' | 'lastSequence' | 'timestampOf'>;

/**
 * The sequence after which a new subscription begins.
 * @internal
 */
export function lastSentAtStart(
  log: SequencedLog,
  request: Pick<SubscriptionRequest, 'startPosition' | 'startSequence' | 'startTimeDeltaNs'>,
  clock: Clock,
): number {
  const { firstSequence, lastSequence } = log;
  switch (request.startPosition) {
    case startPositions.lastReceived:
      return Math.max(lastSequence - 1, 0);
    case startPositions.timeDelta:
      return Math.max(sequenceAtOrAfter(log, clock.nowNs() - request.startTimeDeltaNs) - 1, 0);
    case startPositions.sequence:
      if (request.startSequence < firstSequence) return firstSequence - 1;
      if (request.startSequence > lastSequence) return lastSequence;
      return Math.max(request.startSequence - 1, 0);
    case startPositions.first:
      return Math.max(firstSequence - 1, 0);
    default:
      return lastSequence;
  }
}

/** The first message that is not older than `timestampNs`; one past the last where all are; 0 for an unused log. */
function sequenceAtOrAfter(log: SequencedLog, timestampNs: bigint): number {
  if (log.firstSequence === 0) return 0;
  let low = log.firstSequence;
  let high = log.lastSequence + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = log.timestampOf(middle);
    if (found !== undefined && found >= timestampNs) high = middle;
    else low = middle + 1;
  }
  return low;
}
