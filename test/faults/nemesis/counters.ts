import type { CountersRecord, HistoryRecord } from './history.js';

/** The metrics of each process that came to its end, against the runs that it wrote down itself. */
export function checkCounters(history: readonly HistoryRecord[]): string[] {
  const counters = history.filter((record) => record.type === 'counters');
  return counters.flatMap((record) => differences(record, history));
}

function differences(counters: CountersRecord, history: readonly HistoryRecord[]): string[] {
  const { process, incarnation, outcomes, timed, running } = counters;
  const own = (type: 'done' | 'failed') =>
    history.filter((it) => it.type === type && it.process === process && it.incarnation === incarnation).length;
  const [done, failed] = [own('done'), own('failed')];
  const facts: [string, number, number][] = [
    ['acked', outcomes['acked'] ?? 0, done],
    ['failed', outcomes['failed'] ?? 0, failed],
    ['runs that were timed', timed, done + failed],
    ['handlers that run', running, 0],
  ];
  return facts
    .filter(([, said, truth]) => said !== truth)
    .map(
      ([what, said, truth]) =>
        `${process} (start ${String(incarnation)}): ${what} ${String(said)}, in truth ${String(truth)}`,
    );
}
