import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { NonRetriableException, durableQueue } from 'nestjs-stan';
import { openTelemetry } from 'nestjs-stan/opentelemetry';
import { expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';

/** What a collector would read, at the moment when it is asked. */
interface Point {
  readonly attributes: Record<string, unknown>;
  /** Of a counter its sum, of a histogram how many values it has taken. */
  readonly count: number;
  readonly boundaries: readonly number[] | undefined;
}

interface Metric {
  readonly unit: string;
  readonly points: readonly Point[];
}

contract('metrics by OpenTelemetry', (t) => {
  it('are the four of the semantic conventions, with what was published and run, and the errors', async () => {
    const metrics = recordMetrics();
    const telemetry = openTelemetry({ meterProvider: metrics.provider });
    const subject = fresh('ticket');
    const listener = listenerFor(subject, { ...durableQueue('orders') }, (data) => {
      if (data === 2) throw new NonRetriableException('never');
    });
    const app = await t.app({ controllers: [listener], server: { telemetry } });
    const client = await t.client({ telemetry });
    for (const event of [1, 2, 3]) await client.emitAsync(subject, event);
    await expect(client.emitAsync('not a subject', 4)).rejects.toThrow();
    await t.eventually(async () => sum((await metrics.read())['messaging.client.consumed.messages']) === 3);

    const read = await metrics.read();
    expect(Object.keys(read).sort()).toEqual([
      'messaging.client.consumed.messages',
      'messaging.client.operation.duration',
      'messaging.client.sent.messages',
      'messaging.process.duration',
    ]);
    const place = { 'server.address': '127.0.0.1', 'server.port': t.broker.port };
    const common = { 'messaging.system': t.broker.features.sessions ? 'nats_streaming' : 'nats_jetstream', ...place };
    const publish = { ...common, 'messaging.operation.name': 'publish', 'messaging.operation.type': 'send' };
    const run = {
      ...common,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': subject,
      'messaging.consumer.group.name': 'orders',
      'messaging.destination.subscription.name': 'orders',
    };
    const published = [
      { attributes: { ...publish, 'messaging.destination.name': subject }, count: 3 },
      {
        attributes: {
          ...publish,
          'messaging.destination.name': 'not a subject',
          'error.type': 'STAN_INVALID_SUBJECT',
        },
        count: 1,
      },
    ];
    const handled = [
      { attributes: run, count: 2 },
      { attributes: { ...run, 'error.type': 'NonRetriableException' }, count: 1 },
    ];
    expectPoints(read['messaging.client.sent.messages'], '{message}', published);
    expectPoints(read['messaging.client.operation.duration'], 's', published);
    expectPoints(read['messaging.client.consumed.messages'], '{message}', handled);
    expectPoints(read['messaging.process.duration'], 's', handled);
    const [duration] = read['messaging.process.duration']?.points ?? [];
    expect(duration?.boundaries?.slice(0, 3)).toEqual([0.005, 0.01, 0.025]);
    // Ids would grow without end.
    expect(JSON.stringify(read)).not.toContain(app.clientId);
  });

  it("call a publisher's further subjects other, from the 201st on", async () => {
    const metrics = recordMetrics();
    const client = await t.client({ telemetry: openTelemetry({ meterProvider: metrics.provider }) });
    // Not one of them can be published: what counts is the name.
    const emits = Array.from({ length: 210 }, (_, i) => client.emitAsync(`no subject ${i}`, i).catch(() => undefined));
    await Promise.all(emits);
    const points = (await metrics.read())['messaging.client.sent.messages']?.points ?? [];
    expect(points).toHaveLength(201);
    const other = points.filter(({ attributes }) => attributes['messaging.destination.name'] === 'other');
    expect(other.map(({ count }) => count)).toEqual([10]);
  });
});

function expectPoints(
  metric: Metric | undefined,
  unit: string,
  points: readonly Pick<Point, 'attributes' | 'count'>[],
): void {
  expect(metric?.unit).toBe(unit);
  expect(metric?.points.map(({ attributes, count }) => ({ attributes, count }))).toEqual(points);
}

function sum(metric: Metric | undefined): number {
  return metric?.points.reduce((total, { count }) => total + count, 0) ?? 0;
}

class OnDemandReader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function recordMetrics(): { provider: MeterProvider; read(): Promise<Record<string, Metric>> } {
  const reader = new OnDemandReader();
  const provider = new MeterProvider({ readers: [reader] });
  cleanUpAfterTest(() => provider.shutdown());
  const read = async (): Promise<Record<string, Metric>> => {
    const { resourceMetrics } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => {
        const points = dataPoints.map(({ attributes, value }) =>
          typeof value === 'number'
            ? { attributes, count: value, boundaries: undefined }
            : { attributes, count: value.count, boundaries: 'buckets' in value ? value.buckets.boundaries : undefined },
        );
        return [descriptor.name, { unit: descriptor.unit, points: points }];
      }),
    );
  };
  return { provider, read };
}
