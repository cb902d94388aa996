import { register } from 'prom-client';

import type { DeliveryEvent, DeliverySkippedEvent, HandlerErrorEvent } from '../../core/delivery/delivery-event.js';
import type { EventParkedEvent } from '../../core/inbox/counting-event.js';
import type { ParkedStream } from '../../core/event-store/event-store.js';
import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import type { PublishSettledEvent } from '../../core/observe/index.js';
import type { StanStatus } from '../../core/driver/driver-event.js';
import type { ClientStan } from '../../nest/client/index.js';
import type { ServerStan } from '../../nest/server/server-stan.js';
import { BoundedSubjects } from '../bounded-subjects.js';
import { LagCollector } from './lag-collector.js';
import { MetricSet } from './metric-set.js';
import type { StanMetricsOptions } from './stan-metrics-options.js';

/** How long a scrape waits for the event store. Unit: milliseconds. */
const parkedTimeoutMs = 2_000;

const defaultBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Metrics of servers and clients for Prometheus, in a registry of prom-client. What is counted is told by the servers and
 * clients themselves; gauges are read at a scrape. `close()` takes everything away again.
 * @throws InvalidOptionError (STAN_INVALID_OPTION) from the constructor, where the registry has metrics of these names
 * @publicApi
 */
export class StanMetrics {
  private readonly set: MetricSet;
  private readonly subjects = new BoundedSubjects();
  private readonly servers: readonly ServerStan[];
  private readonly clients: readonly ClientStan[];
  private readonly statuses = new Map<string, StanStatus>();
  private readonly undo: (() => void)[] = [];
  private parkedUnderWay: Promise<void> | undefined;

  constructor(options: StanMetricsOptions) {
    const { server = [], client = [], lag, registry = register, prefix = 'stan_', buckets = defaultBuckets } = options;
    this.servers = toArray(server);
    this.clients = toArray(client);
    if (registry.getSingleMetric(`${prefix}handled_total`) !== undefined)
      throw new InvalidOptionError('registry', `a registry without "${prefix}handled_total"`, 'one that has it', {
        owner: 'StanMetrics',
      });
    const lags = lag === undefined ? undefined : new LagCollector(lag, this.servers);
    this.set = new MetricSet(
      { registry, prefix, buckets },
      {
        load: () => this.readLoad(),
        lag: () => lags?.collect(this.set) ?? Promise.resolve(),
        parked: () => this.collectParked(),
      },
    );
    this.servers.forEach((one, index) => this.watchServer(one, nameOf('server', index)));
    this.clients.forEach((one, index) => this.watchClient(one, nameOf('client', index)));
  }

  /** Stops listening and takes the metrics out of the registry. Idempotent. */
  close(): void {
    for (const undo of this.undo.splice(0)) undo();
    this.set.remove();
  }

  private watchServer(server: ServerStan, name: string): void {
    const { handled, deliveryWait, handlerDuration } = this.set;
    const listen = <Type extends DeliveryEvent['type']>(
      type: Type,
      listener: (event: Extract<DeliveryEvent, { type: Type }>) => void,
    ): void => {
      // One listener per kind, of the kind's own type: the compiler cannot follow that for a type that is a parameter.
      server.on(type, listener as never);
      this.undo.push(() => server.off(type, listener as never));
    };
    const timed = ({ subject, handler, waitedMs, tookMs }: Timed): void => {
      if (waitedMs !== undefined) deliveryWait.observe({ subject, handler }, waitedMs / 1_000);
      if (tookMs !== undefined) handlerDuration.observe({ subject, handler }, tookMs / 1_000);
    };
    listen('handled', (event) => {
      const { subject, handler, isAcked } = event;
      handled.inc({ subject, handler, outcome: isAcked ? 'acked' : 'unacked' });
      timed(event);
    });
    listen('handlerError', (event) => {
      const { subject, handler, next } = event;
      handled.inc({ subject, handler, outcome: next === 'lost' ? 'lost' : 'failed' });
      timed(event);
    });
    listen('deadLettered', ({ subject, handler }) => handled.inc({ subject, handler, outcome: 'dead_lettered' }));
    listen('undecodable', ({ subject, handler }) => handled.inc({ subject, handler, outcome: 'undecodable' }));
    listen('deliverySkipped', (event) => this.countSkipped(event));
    const parked = ({ subject, handler }: EventParkedEvent): void =>
      handled.inc({ subject, handler, outcome: 'parked' });
    server.on('parked', parked);
    this.undo.push(() => server.off('parked', parked));
    this.watchConnection(server, name);
  }

  private watchClient(client: ClientStan, name: string): void {
    const settled = (event: PublishSettledEvent): void => this.countPublish(event);
    client.on('publishSettled', settled);
    this.undo.push(() => client.off('publishSettled', settled));
    this.watchConnection(client, name);
  }

  private watchConnection(connection: ServerStan | ClientStan, client: string): void {
    const lost = (): void => this.set.sessionLost.inc({ client });
    this.set.sessionLost.inc({ client }, 0);
    // The two have the same connection events, with the same types.
    const told: Pick<ServerStan, 'on' | 'off'> = connection as ServerStan;
    told.on('sessionLost', lost);
    const subscription = connection.status.subscribe((status) => this.statuses.set(client, status));
    this.undo.push(
      () => told.off('sessionLost', lost),
      () => subscription.unsubscribe(),
    );
  }

  private countSkipped({ subject, handler, reason }: DeliverySkippedEvent): void {
    this.set.skipped.inc({ subject, handler, reason });
    // Of an event with a gate it is what became of it, as a run is of others.
    if (reason === 'stale' || reason === 'duplicate') this.set.handled.inc({ subject, handler, outcome: reason });
  }

  private countPublish({ subject: given, tookMs, receipt }: PublishSettledEvent): void {
    const subject = this.subjects.labelOf(given);
    this.set.published.inc({ subject, outcome: receipt === undefined ? 'failed' : 'stored' });
    this.set.publishDuration.observe({ subject }, tookMs / 1_000);
    if (receipt !== undefined) this.set.publishResent.inc({ subject }, receipt.attempts - 1);
  }

  /** Both gauges ask at a scrape: the store is asked once. */
  private collectParked(): Promise<void> {
    this.parkedUnderWay ??= this.readParked().finally(() => (this.parkedUnderWay = undefined));
    return this.parkedUnderWay;
  }

  /** Never rejects, and takes no longer than `parkedTimeoutMs`: a database that is away must not take all metrics away. */
  private async readParked(): Promise<void> {
    const { parkedEvents, oldestParked } = this.set;
    const found = await within(parkedTimeoutMs, Promise.all(this.servers.map((server) => server.parkedByStream())));
    for (const gauge of [parkedEvents, oldestParked]) gauge.reset();
    const sinceMs = new Map<string, number>();
    for (const one of found.flat()) {
      parkedEvents.inc({ stream: one.stream }, one.parked);
      sinceMs.set(one.stream, Math.min(sinceMs.get(one.stream) ?? Infinity, one.sinceMs));
    }
    const now = Date.now();
    for (const [stream, since] of sinceMs) oldestParked.set({ stream }, Math.max(0, now - since) / 1_000);
  }

  private readLoad(): void {
    const { handlersRunning, deliveriesWaiting, concurrency, lanes, publishPending, publishPendingBytes, sessionUp } =
      this.set;
    for (const gauge of [handlersRunning, deliveriesWaiting, concurrency, lanes]) gauge.reset();
    for (const { subject, handler, ...load } of this.servers.flatMap((server) => server.load())) {
      handlersRunning.inc({ subject, handler }, load.running);
      deliveriesWaiting.inc({ subject, handler }, load.waiting);
      concurrency.inc({ subject, handler }, load.concurrency);
      lanes.inc({ subject, handler }, load.lanes);
    }
    this.clients.forEach((client, index) => {
      const { count, bytes } = client.pending();
      publishPending.set({ client: nameOf('client', index) }, count);
      publishPendingBytes.set({ client: nameOf('client', index) }, bytes);
    });
    const names = [
      ...this.servers.map((_, index) => nameOf('server', index)),
      ...this.clients.map((_, index) => nameOf('client', index)),
    ];
    for (const client of names) sessionUp.set({ client }, this.statuses.get(client) === 'connected' ? 1 : 0);
  }
}

/** What is found within a time; nothing where it takes longer, or fails. */
async function within(ms: number, found: Promise<(readonly ParkedStream[])[]>): Promise<(readonly ParkedStream[])[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never[]>((resolve) => (timer = setTimeout(() => resolve([]), ms)));
  try {
    return await Promise.race([found, late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
    found.catch(() => undefined);
  }
}

type Timed = Pick<HandlerErrorEvent, 'subject' | 'handler' | 'waitedMs' | 'tookMs'>;

function toArray<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Not the client id: one that is generated at each start would make a series of its own each time. */
function nameOf(role: 'server' | 'client', index: number): string {
  return index === 0 ? role : `${role}_${String(index + 1)}`;
}
