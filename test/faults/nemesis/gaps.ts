import type { Epochs } from './epochs.js';
import type { HistoryRecord } from './history.js';
import type { Run } from './runs.js';
import { groupBy, subscriptionKey } from './runs.js';

type Exit = Pick<Extract<HistoryRecord, { readonly type: 'exit' }>, 'at' | 'process' | 'incarnation'>;

/**
 * Where a subscription without a durable has left out an event although its process lived on: the server had confirmed
 * that all was delivered and acked, later than the subscription saw an event with a higher sequence. A process that has
 * seen the state before must see the new one from its first event on.
 */
export function checkGaps(runs: readonly Run[], epochs: Epochs, exits: readonly Exit[]): string[] {
  const watches = groupBy(
    runs.filter(({ subscription }) => subscription === 'watch'),
    subscriptionKey,
  );
  return [...watches].flatMap(([key, ofProcess]) => {
    const firstEpoch = Math.min(...ofProcess.map(({ epoch }) => epoch));
    return [...groupBy(ofProcess, ({ epoch }) => String(epoch)).values()].flatMap((ofEpoch) => {
      const epoch = ofEpoch[0]?.epoch ?? 0;
      const drainedAt = Math.max(0, ...epochs.drainsOf(epoch).filter((at) => at < endOf(ofProcess, exits)));
      const confirmed = ofEpoch.filter(({ startedAt }) => startedAt < drainedAt);
      return missingIn(confirmed, epoch > firstEpoch).map(
        (sequence) => `${key}: event ${String(epoch)}:${String(sequence)} was left out`,
      );
    });
  });
}

/** When this run of the process was over; what it had not handled by then is nobody's. */
function endOf([run]: readonly Run[], exits: readonly Exit[]): number {
  const exit = exits.find(({ process, incarnation }) => process === run?.process && incarnation === run.incarnation);
  return exit?.at ?? Infinity;
}

/** What is not handled between the lowest and the highest sequence; from 1 on where the subscription was there before. */
function missingIn(runs: readonly Run[], fromTheFirst: boolean): number[] {
  if (runs.length === 0) return [];
  const handled = new Set(runs.filter(({ doneAt }) => doneAt !== undefined).map(({ sequence }) => sequence));
  const sequences = runs.map(({ sequence }) => sequence);
  const [lowest, highest] = sequences.reduce(
    ([low, high], sequence) => [Math.min(low, sequence), Math.max(high, sequence)],
    [Infinity, 0],
  );
  const missing: number[] = [];
  for (let sequence = fromTheFirst ? 1 : lowest; sequence <= highest; sequence += 1) {
    if (!handled.has(sequence)) missing.push(sequence);
  }
  return missing;
}
