import type { Epochs } from './epochs.js';
import type { Consumer, HandlerRecord, HistoryRecord, SubscriptionName } from './history.js';

/** One run of a handler. */
export interface Run {
  readonly process: Consumer;
  readonly incarnation: number;
  readonly subscription: SubscriptionName;
  readonly id: number;
  readonly sequence: number;
  readonly epoch: number;
  readonly link: number;
  readonly redelivered: boolean;
  readonly startedAt: number;
  doneAt: number | undefined;
  failedAt: number | undefined;
}

/** The runs of a history in the order of their starts. */
export function readRuns(history: readonly HistoryRecord[], epochs: Epochs): Run[] {
  const runs: Run[] = [];
  const open = new Map<string, Run>();
  for (const record of history) {
    if (record.type === 'start') {
      const run = toRun(record, epochs);
      runs.push(run);
      open.set(processMessageKey(run), run);
    } else if (record.type === 'done' || record.type === 'failed') {
      const run = open.get(processMessageKey(toRun(record, epochs)));
      if (record.type === 'done') run!.doneAt = record.at;
      else run!.failedAt = record.at;
    }
  }
  return runs;
}

/** One subscription at the server: the group as a whole, each consumer's own durable, and what dies with its process. */
export function subscriptionKey(run: Pick<Run, 'subscription' | 'process' | 'incarnation'>): string {
  if (run.subscription === 'group') return 'group';
  return run.subscription === 'audit' ? auditKey(run.process) : `watch of ${run.process}#${String(run.incarnation)}`;
}

/** The key of a consumer's own durable. */
export const auditKey = (process: Consumer): string => `audit of ${process}`;

/** One stored message at one subscription. */
export const messageKey = (run: Run): string => `${subscriptionKey(run)} ${String(run.epoch)}:${String(run.sequence)}`;

/** One stored message at one subscription in one process. */
export const processMessageKey = (run: Run): string =>
  `${messageKey(run)} in ${run.process}#${String(run.incarnation)}`;

/** Groups by a key, in order. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function toRun(record: HandlerRecord & { readonly at: number }, epochs: Epochs): Run {
  const { process, incarnation, subscription, id, sequence, link, redelivered, at } = record;
  const epoch = epochs.storedIn(record.storedAt);
  const about = { process, incarnation, subscription, id, sequence, epoch, link, redelivered };
  return { ...about, startedAt: at, doneAt: undefined, failedAt: undefined };
}
