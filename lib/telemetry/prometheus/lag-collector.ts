import type { SubscriptionLag } from '../../monitoring/index.js';
import type { HandlerLoad } from '../../nest/server/server-connection.js';
import type { MetricSet } from './metric-set.js';
import type { StanMetricsLag } from './stan-metrics-options.js';

type LagGauges = Pick<MetricSet, 'lag' | 'unacked' | 'lost' | 'offline' | 'monitoringUp'>;

/** Looks the lag of all handlers up at a scrape, once for all gauges that show a part of it. */
export class LagCollector {
  private underWay: Promise<void> | undefined;

  constructor(
    private readonly source: StanMetricsLag,
    private readonly servers: readonly { load(): readonly HandlerLoad[] }[],
  ) {}

  /** Sets the gauges; never rejects, since one port that does not answer must not take all metrics away. */
  collect(gauges: LagGauges): Promise<void> {
    this.underWay ??= this.read(gauges).finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  private async read(gauges: LagGauges): Promise<void> {
    try {
      const loads = this.servers.flatMap((server) => server.load());
      const lags = await Promise.all(loads.map((load) => this.source.of(load.subject, load)));
      reset(gauges);
      for (const lag of lags) if (lag !== undefined) show(gauges, lag);
      gauges.monitoringUp.set(1);
    } catch {
      reset(gauges);
      gauges.monitoringUp.set(0);
    }
  }
}

function reset({ lag, unacked, lost, offline }: LagGauges): void {
  for (const gauge of [lag, unacked, lost, offline]) gauge.reset();
}

function show(gauges: LagGauges, { subject, queueGroup = '', durableName = '', ...facts }: SubscriptionLag): void {
  const labels = { subject, queue_group: queueGroup, durable: durableName };
  gauges.lag.set(labels, facts.total);
  gauges.unacked.set(labels, facts.unacked);
  gauges.lost.set(labels, facts.lost);
  gauges.offline.set(labels, facts.isOffline ? 1 : 0);
}
