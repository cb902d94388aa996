import type { MonitoringView } from '../view/monitoring-view.js';

/**
 * How many subscriptions there are, the server's own among them, and how messages find them.
 * Source: nats-server 2.9.24 server/sublist.go SublistStats.
 * @internal
 */
export function subsz(view: MonitoringView): object {
  const { subscriptions, inserts, removes, matches, hits, fanouts } = view.natsFacts.subjects;
  const reached = fanouts.reduce((sum, count) => sum + count, 0);
  return {
    num_subscriptions: subscriptions,
    num_cache: fanouts.length,
    num_inserts: inserts,
    num_removes: removes,
    num_matches: matches,
    cache_hit_rate: matches === 0 ? 0 : hits / matches,
    max_fanout: fanouts.reduce((most, count) => Math.max(most, count), 0),
    avg_fanout: fanouts.length === 0 ? 0 : reached / fanouts.length,
  };
}
