import type { HistoryCounts } from './checker.js';
import type { Excuse } from './excuses.js';
import type { longestPauses, Pause } from './pauses.js';

/** The counts of a run, one fact a line. */
export function describeCounts(counts: HistoryCounts): string[] {
  const { publishes, deliveries, faults } = counts;
  const kinds = [...faults].sort(([a], [b]) => a.localeCompare(b)).map(([kind, count]) => `${kind} ${String(count)}`);
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  return [
    `published ${String(publishes.tried)}: resolved ${String(publishes.resolved)} (${String(publishes.sentAgain)} sent more than once), ` +
      `rejected ${String(publishes.rejected)} (${String(publishes.notStored)} of them not stored), ` +
      `${String(publishes.unknown)} without an outcome (their process was killed)`,
    `handled ${String(deliveries.handled)} deliveries of ${String(deliveries.events)} events in five subscriptions; ` +
      `${String(deliveries.duplicates)} duplicates, ${String(deliveries.failed)} failed on purpose, ` +
      `${String(deliveries.excused)} lost with the server's state`,
    `faults ${String(total)}: ${kinds.join(', ')}`,
    `metrics: ${counts.counted.map(({ process, outcomes }) => `${process} ${JSON.stringify(outcomes)}`).join(', ')}`,
    `sessions: ${String(counts.links)} losses and returns of connections, ${String(counts.servers)} server processes, ` +
      `${String(counts.epochs - 1)} restarts without state`,
  ];
}

/** What the docs show of a run. */
export interface Outcome {
  readonly run: string;
  readonly counts: HistoryCounts;
  readonly pauses: ReturnType<typeof longestPauses>;
  /** Violations that the servers' own record explains. */
  readonly excuses: readonly Excuse[];
}

/** The same in one row, for the docs. */
export function describeOutcome({ run, counts, pauses, excuses }: Outcome): string[] {
  const { publishes, deliveries } = counts;
  const cells: readonly (readonly [string, string | number])[] = [
    ['run', run],
    ['published', publishes.tried],
    ['acknowledged', publishes.resolved],
    ['sent again', publishes.sentAgain],
    ['rejected (not stored)', `${String(publishes.rejected)} (${String(publishes.notStored)})`],
    ['handled', deliveries.handled],
    ['handled twice', deliveries.duplicates],
    ['lost by the servers', excuses.filter(({ isLoss }) => isLoss).length],
    ['sent again out of order by the servers', excuses.filter(({ isLoss }) => !isLoss).length],
    ['longest pause of publishing', secondsOf(pauses.any)],
    ['without faults of the publisher', secondsOf(pauses.ofServers)],
  ];
  const row = (values: readonly (string | number)[]): string => `| ${values.map(String).join(' | ')} |`;
  return [
    `longest pause of publishing: ${describePause(pauses.any)}`,
    `  where nothing befell the publisher: ${describePause(pauses.ofServers)}`,
    row(cells.map(([name]) => name)),
    row(cells.map(() => '---')),
    row(cells.map(([, value]) => value)),
  ];
}

function describePause(pause: Pause | undefined): string {
  if (pause === undefined) return 'none';
  const { from, faults } = pause;
  return `${secondsOf(pause)} from ${new Date(from).toISOString()} on, at ${faults.length === 0 ? 'no fault' : faults.join(', ')}`;
}

const secondsOf = (pause: Pause | undefined): string =>
  pause === undefined ? '0 s' : `${((pause.until - pause.from) / 1_000).toFixed(1)} s`;
