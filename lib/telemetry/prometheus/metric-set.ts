import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Where metrics are made. */
export interface MetricPlace {
  readonly registry: Registry;
  readonly prefix: string;
  readonly buckets: readonly number[];
}

/**
 * Set the gauges at a scrape: each gauge calls one before its values are read. prom-client reads all metrics at once, so
 * each gauge has to wait for its own.
 */
export interface Collectors {
  readonly load: () => void;
  readonly lag: () => Promise<void>;
  readonly parked: () => Promise<void>;
}

const handlerLabels = ['subject', 'handler'] as const;
const lagLabels = ['subject', 'queue_group', 'durable'] as const;

/**
 * Every metric there is, in one place: names, help texts and labels. None has a client id or an event id as a label, which
 * would grow without end.
 */
export class MetricSet {
  readonly handled;
  readonly handlerDuration;
  readonly deliveryWait;
  readonly handlersRunning;
  readonly deliveriesWaiting;
  readonly concurrency;
  readonly skipped;
  readonly published;
  readonly publishDuration;
  readonly publishResent;
  readonly publishPending;
  readonly publishPendingBytes;
  readonly sessionUp;
  readonly sessionLost;
  readonly lag;
  readonly unacked;
  readonly lost;
  readonly offline;
  readonly monitoringUp;
  readonly parkedEvents;
  readonly oldestParked;
  readonly lanes;
  private readonly names: string[] = [];

  constructor(
    private readonly place: MetricPlace,
    { load, lag, parked }: Collectors,
  ) {
    this.handled = this.counter('handled_total', 'Handler runs by outcome', [...handlerLabels, 'outcome']);
    this.handlerDuration = this.histogram('handler_duration_seconds', 'Duration of a handler run', handlerLabels);
    this.deliveryWait = this.histogram(
      'delivery_wait_seconds',
      'Time from the arrival of a delivery to the start of its handler',
      handlerLabels,
    );
    this.skipped = this.counter(
      'deliveries_skipped_total',
      'Deliveries that were not passed to the handler, by reason',
      [...handlerLabels, 'reason'],
    );
    this.published = this.counter('published_total', 'Publishes by outcome: stored or failed', ['subject', 'outcome']);
    this.publishDuration = this.histogram('publish_duration_seconds', "Time from emit() to the server's ack", [
      'subject',
    ]);
    this.publishResent = this.counter('publish_resent_total', 'Publishes that were sent again', ['subject']);
    this.sessionLost = this.counter('session_lost_total', 'Sessions that were lost; JetStream has none', ['client']);
    this.sessionUp = this.gauge(
      'session_up',
      '1 while the client is connected and every subscription is in place',
      ['client'],
      load,
    );
    this.handlersRunning = this.gauge('handlers_running', 'Handlers currently running', handlerLabels, load);
    this.deliveriesWaiting = this.gauge(
      'deliveries_waiting',
      'Deliveries that wait for a free slot or for their turn in a lane',
      handlerLabels,
      load,
    );
    this.concurrency = this.gauge('concurrency', 'Handlers that may run concurrently', handlerLabels, load);
    this.publishPending = this.gauge('publish_pending', 'Publishes still pending', ['client'], load);
    this.publishPendingBytes = this.gauge(
      'publish_pending_bytes',
      'Bytes of publishes still pending',
      ['client'],
      load,
    );
    this.lag = this.gauge(
      'lag_events',
      'Events still to be handled: not yet sent, or sent and not acked',
      lagLabels,
      lag,
    );
    this.unacked = this.gauge('unacked_events', 'Events that were sent and are not acked', lagLabels, lag);
    this.lost = this.gauge(
      'lost_events',
      "Events that the channel's limits dropped before they were sent",
      lagLabels,
      lag,
    );
    this.offline = this.gauge('durable_offline', '1 while a durable has no connected member', lagLabels, lag);
    this.lanes = this.gauge('lanes', 'Lanes that hold an event or wait for a redelivery', handlerLabels, load);
    this.parkedEvents = this.gauge(
      'parked_events',
      'Events that wait in the event store for an earlier version',
      ['stream'],
      parked,
    );
    this.oldestParked = this.gauge('oldest_parked_seconds', 'Age of the oldest parked event', ['stream'], parked);
    this.monitoringUp = this.gauge('monitoring_up', '1 while the monitoring port answers', [], lag);
  }

  /** Takes them all out of the registry. */
  remove(): void {
    for (const name of this.names) this.place.registry.removeSingleMetric(name);
  }

  private counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ ...this.basics(name, help), labelNames: [...labelNames] });
  }

  private histogram<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Histogram<Label> {
    return new Histogram({ ...this.basics(name, help), labelNames: [...labelNames], buckets: [...this.place.buckets] });
  }

  private gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    collect: () => void | Promise<void>,
  ): Gauge<Label> {
    return new Gauge({ ...this.basics(name, help), labelNames: [...labelNames], collect });
  }

  private basics(name: string, help: string): { name: string; help: string; registers: Registry[] } {
    const { prefix, registry } = this.place;
    const full = `${prefix}${name}`;
    this.names.push(full);
    return { name: full, help: `${help}.`, registers: [registry] };
  }
}
