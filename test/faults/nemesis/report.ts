import type { HistoryCounts } from './checker.js';

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
