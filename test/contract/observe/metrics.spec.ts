import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  InvalidOptionError,
  NonRetriableException,
  ServerStan,
  StanLag,
  StanModule,
  StanMonitoring,
  durableQueue,
  stanChannels,
} from '../../../lib/index.js';
import type { ObservedDelivery } from '../../../lib/index.js';
import { MemoryEventStore } from '../../../lib/testing/index.js';
import { StanMetrics, StanMetricsModule } from '../../../lib/telemetry/prometheus/index.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import type { Contract } from '../../support/contract.js';
import { contract, emitAll, listenerFor, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { latch } from '../../support/wait.js';

contract('metrics', (t) => {
  it('count each run by what became of it, and time it', async () => {
    const subject = fresh('ticket');
    const dead = fresh('dead');
    const { values } = await measuredApp(t, {
      subject,
      options: { ...durableQueue('orders'), ackWaitMs: 1_000, deadLetter: { subject: dead } },
      handle: (data: number, context) => {
        if (data === 1) throw new NonRetriableException('never');
        if (data === 2 && !context.isRedelivered()) throw new Error('not yet');
      },
      events: upTo(5),
    });
    await t.eventually(async () => (await values('stan_handled_total'))['acked'] === 4, { timeoutMs: 10_000 });
    await t.eventually(async () => (await values('stan_handled_total'))['dead_lettered'] === 1);
    expect(await values('stan_handled_total')).toEqual({ acked: 4, failed: 2, dead_lettered: 1 });
    expect(await values('stan_handler_duration_seconds')).toMatchObject({ [`${subject} count`]: 6 });
    expect(await values('stan_delivery_wait_seconds')).toMatchObject({ [`${subject} count`]: 6 });
  });

  t.only('stanMonitoring', 'show what runs, what waits and how far each handler is behind', async () => {
    const subject = fresh('ticket');
    const mayEnd = latch();
    const { values } = await measuredApp(t, {
      subject,
      options: { ...durableQueue('orders'), concurrency: 2, maxInFlight: 5 },
      handle: () => mayEnd.wait(),
      events: upTo(8),
    });
    await t.eventually(async () => (await values('stan_deliveries_waiting'))[subject] === 3);
    expect(await values('stan_handlers_running')).toEqual({ [subject]: 2 });
    expect(await values('stan_concurrency')).toEqual({ [subject]: 2 });
    expect(await values('stan_lag_events')).toEqual({ [subject]: 8 });
    expect(await values('stan_unacked_events')).toEqual({ [subject]: 5 });
    expect(await values('stan_durable_offline')).toEqual({ [subject]: 0 });
    expect(await values('stan_session_up')).toEqual({ server: 1, client: 1 });
    mayEnd.open();
    await t.eventually(async () => (await values('stan_handled_total'))['acked'] === 8);
    await t.eventually(async () => (await values('stan_handlers_running'))[subject] === 0);
  });

  it('count what a version gate has passed over or parked, and show what is parked', async () => {
    const subject = fresh('ticket');
    const store = new MemoryEventStore();
    const key = (event: { id: string }) => event.id;
    const version = { stream: 'ticket', key, version: (event: { version: number }) => event.version, waitMs: 0 };
    const options = { ...durableQueue('orders'), version };
    const told = parkedEvents();
    const { server } = await t.app({
      controllers: [listenerFor(subject, options, () => undefined)],
      server: { store },
    });
    const registry = new Registry();
    measure({ server, registry });
    const outcomes = () => read(registry, 'stan_handled_total', 'outcome', subject);
    const client = await t.client();
    for (const n of [0, 0, 2, 3]) await client.emitAsync(subject, { id: 'a', version: n });
    await t.eventually(async () => (await outcomes())['parked'] === 2 && (await outcomes())['stale'] === 1);
    expect(await outcomes()).toEqual({ acked: 1, stale: 1, parked: 2 });
    expect(await read(registry, 'stan_parked_events', 'stream')).toEqual({ ticket: 2 });
    expect((await read(registry, 'stan_oldest_parked_seconds', 'stream'))['ticket']).toBeGreaterThanOrEqual(0);
    expect(told).toEqual([2, 3]);
    await client.emitAsync(subject, { id: 'a', version: 1 });
    await t.eventually(async () => (await read(registry, 'stan_parked_events', 'stream'))['ticket'] === undefined);
    expect(told).toEqual([2, 3]);
    store.parkedByStream = () => Promise.reject(new Error('the database is away'));
    expect(await registry.metrics()).toContain('stan_session_up{client="server"} 1');
  });

  it('count publishes by subject and outcome, up to 200 subjects', async () => {
    const client = await t.client();
    const registry = new Registry();
    measure({ client, registry });
    await client.emitAsync('a.b', 1);
    await expect(client.emitAsync('a.b', undefined)).rejects.toThrow();
    await Promise.allSettled(upTo(250).map((index) => client.emitAsync(`bad subject ${index}`, 1)));
    const { values } = (await registry.getSingleMetric('stan_published_total')?.get()) ?? { values: [] };
    const of = (subject: string) => values.filter(({ labels }) => labels['subject'] === subject);
    expect(of('a.b').map(({ labels, value }) => [labels['outcome'], value])).toEqual([
      ['stored', 1],
      ['failed', 1],
    ]);
    expect(of('other')[0]?.value).toBe(51);
    expect(values.length).toBeLessThanOrEqual(202);
  });

  it('tell a lost session, and that there is none', async () => {
    const registry = new Registry();
    const client = await t.client();
    measure({ client, registry });
    await t.broker.kill();
    await t.eventually(async () => (await read(registry, 'stan_session_up', 'client'))['client'] === 0);
    await t.broker.restart({ state: 'lost' });
    await t.eventually(async () => (await read(registry, 'stan_session_up', 'client'))['client'] === 1, {
      timeoutMs: 20_000,
    });
    // Where there are no sessions, none is lost with the connection.
    const lost = { client: t.broker.features.sessions ? 1 : 0 };
    expect(await read(registry, 'stan_session_lost_total', 'client')).toEqual(lost);
  });

  describe('a monitoring port that does not answer', () => {
    it('takes the lag away, and no other metric', async () => {
      const subject = fresh('ticket');
      const lag = new StanLag({ monitoring: new StanMonitoring({ url: 'http://127.0.0.1:1' }) });
      const { registry } = await measuredApp(t, {
        subject,
        options: durableQueue('orders'),
        handle: () => undefined,
        lag,
      });
      const text = await registry.metrics();
      expect(text).toContain('stan_monitoring_up 0');
      expect(text).toContain('stan_session_up{client="server"} 1');
      expect(text).not.toContain('stan_lag_events{');
    });
  });

  it('are gone after close(), which stops the listening too; two on one registry are refused', async () => {
    const client = await t.client();
    const registry = new Registry();
    const metrics = measure({ client, registry });
    expect(() => new StanMetrics({ client, registry })).toThrow(InvalidOptionError);
    metrics.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
    new StanMetrics({ client, registry }).close();
  });

  it('come with a module that finds the client by itself', async () => {
    const registry = new Registry();
    const { clusterId, driver } = t.broker;
    const connection = { clusterId, driver, servers: t.broker.url };
    const server = new ServerStan({ ...connection, clientId: fresh('server') });
    @Module({
      imports: [
        StanModule.register({ ...connection, clientId: fresh('client'), isGlobal: true }),
        StanMetricsModule.register({ server, registry }),
      ],
    })
    class AppModule {}
    const app = await NestFactory.createMicroservice(AppModule, {
      strategy: server,
      logger: false,
      abortOnError: false,
    });
    cleanUpAfterTest(() => app.close());
    await app.listen();
    await t.eventually(async () => (await read(registry, 'stan_session_up', 'client'))['client'] === 1);
    expect(await read(registry, 'stan_session_up', 'client')).toEqual({ server: 1, client: 1 });
    await app.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });
});

/** Versions that the diagnostics channel reports as parked. */
function parkedEvents(): number[] {
  const versions: number[] = [];
  const listener = (message: unknown): void => {
    const event = message as ObservedDelivery;
    if (event.type === 'parked') versions.push(event.version);
  };
  subscribe(stanChannels.delivery, listener);
  cleanUpAfterTest(() => void unsubscribe(stanChannels.delivery, listener));
  return versions;
}

interface Measured {
  readonly subject: string;
  readonly options: Parameters<typeof listenerFor>[1];
  readonly handle: Parameters<typeof listenerFor>[2];
  readonly events?: readonly number[];
  readonly lag?: StanLag;
}

async function measuredApp(t: Contract, { subject, options, handle, events = [], lag }: Measured) {
  const registry = new Registry();
  const { server } = await t.app({ controllers: [listenerFor(subject, options, handle)] });
  const client = await t.client();
  const here = new StanLag({ monitoring: new StanMonitoring({ url: t.broker.monitoringUrl }), cacheMs: 0 });
  measure({ server, client, registry, lag: lag ?? here });
  await emitAll(client, subject, events);
  const values = (name: string) => read(registry, name, name === 'stan_handled_total' ? 'outcome' : 'subject', subject);
  return { registry, values };
}

function measure(options: ConstructorParameters<typeof StanMetrics>[0]): StanMetrics {
  const metrics = new StanMetrics(options);
  cleanUpAfterTest(() => metrics.close());
  return metrics;
}

/** The values of a metric by one of its labels; sums and counts of a histogram under that label and their name. */
async function read(
  registry: Registry,
  name: string,
  label: string,
  subject?: string,
): Promise<Record<string, number>> {
  const found = await registry.getSingleMetric(name)?.get();
  const values = (found?.values ?? []) as { value: number; labels: Record<string, unknown>; metricName?: string }[];
  const wanted = values.filter(
    ({ labels }) => !('le' in labels) && (subject === undefined || (labels['subject'] ?? subject) === subject),
  );
  return Object.fromEntries(
    wanted.map(({ labels, value, metricName }) => {
      const by = String(labels[label] ?? labels['client']);
      return [
        metricName === undefined || metricName === name ? by : `${by} ${metricName.slice(name.length + 1)}`,
        value,
      ];
    }),
  );
}
