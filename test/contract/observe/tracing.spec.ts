import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { runDeadLetters } from '../../../lib/cli/dead-letters/run-dead-letters.js';
import { NonRetriableException, durableQueue } from '../../../lib/index.js';
import { openTelemetry } from '../../../lib/telemetry/opentelemetry/index.js';
import type { Contract } from '../../support/contract.js';
import { contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { testIo } from '../../support/test-io.js';
import { recordTraces } from '../../support/trace-recorder.js';

const systemOf = ({ broker }: Contract): string => (broker.features.sessions ? 'nats_streaming' : 'nats_jetstream');

contract('tracing', (t) => {
  it('O3 is one trace from a request to the last of two services, with exact parents, after a redelivery too', async () => {
    const traces = recordTraces();
    const shop = await startShop(t);
    await shop.request();
    // The last event may be handled before its publisher has heard that it is stored: all spans count, in any order.
    await t.eventually(() => traces.spans().length >= 6, { what: 'six spans that have ended', timeoutMs: 10_000 });

    const [request] = traces.named('POST /tickets');
    const [publish] = traces.named(`publish ${shop.first}`);
    const runs = traces.named(`process ${shop.first}`);
    const [published] = traces.named(`publish ${shop.second}`);
    const [processed] = traces.named(`process ${shop.second}`);
    expect(new Set(traces.spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(traces.spans()).toHaveLength(6);
    expect(runs).toHaveLength(2);
    expect(parentOf(publish)).toBe(idOf(request));
    // The redelivery stands beside the run that failed.
    expect(runs.map(parentOf)).toEqual([idOf(publish), idOf(publish)]);
    expect(runs.map((run) => run.attributes[`messaging.${systemOf(t)}.delivery_count`])).toEqual([1, 2]);
    expect(runs.map((run) => run.status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
    expect(parentOf(published)).toBe(idOf(runs[1]));
    expect(parentOf(processed)).toBe(idOf(published));
    if (process.env['SHOW_TRACE'] !== undefined) showTrace(traces.spans(), t.name);
  });

  it('says where, what and whose each span is, and never what is in the event', async () => {
    const traces = recordTraces();
    const subject = fresh('ticket');
    const seen: unknown[] = [];
    const listener = listenerFor(subject, { ...durableQueue('orders') }, (data) => void seen.push(data));
    const telemetry = openTelemetry();
    const app = await t.app({ controllers: [listener], server: { telemetry } });
    const client = await t.client({ telemetry });
    await client.emitAsync(subject, { secret: 'of the shop' }, { id: '01J' });
    await t.eventually(() => traces.named(`process ${subject}`).length === 1);
    const [publish] = traces.named(`publish ${subject}`);
    const [run] = traces.named(`process ${subject}`);
    const place = { 'server.address': '127.0.0.1', 'server.port': t.broker.port };
    const common = { 'messaging.system': systemOf(t), 'messaging.destination.name': subject };
    expect(publish?.kind).toBe(SpanKind.PRODUCER);
    expect(publish?.attributes).toMatchObject({
      ...{ ...common, ...place },
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.message.id': '01J',
      'messaging.message.body.size': 24,
    });
    expect(run?.kind).toBe(SpanKind.CONSUMER);
    expect(run?.attributes).toEqual({
      ...{ ...common, ...place },
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': 'orders',
      'messaging.destination.subscription.name': 'orders',
      'messaging.client.id': app.clientId,
      'messaging.message.id': '01J',
      'messaging.message.body.size': 24,
      [`messaging.${systemOf(t)}.message.sequence`]: 1,
      [`messaging.${systemOf(t)}.delivery_count`]: 1,
      'code.function.name': 'Listener.handle',
    });
    expect(JSON.stringify(traces.spans().map(({ attributes, events }) => ({ attributes, events })))).not.toContain(
      'shop',
    );
  });

  it("begins a trace of its own for a plain publisher's event, and links instead of continuing where it is told to", async () => {
    const traces = recordTraces();
    const subject = fresh('ticket');
    const listener = listenerFor(subject, { startAt: 'first' }, () => undefined);
    await t.app({ controllers: [listener], server: { telemetry: openTelemetry({ link: 'link' }) } });
    await (await t.rawClient()).publish(subject, '1');
    await (await t.client({ telemetry: openTelemetry() })).emitAsync(subject, 2);
    await t.eventually(() => traces.named(`process ${subject}`).length === 2);
    const [plain, linked] = traces.named(`process ${subject}`);
    const [publish] = traces.named(`publish ${subject}`);
    expect([plain?.parentSpanContext, linked?.parentSpanContext]).toEqual([undefined, undefined]);
    expect(plain?.links).toEqual([]);
    expect(linked?.links.map(({ context: { spanId } }) => spanId)).toEqual([idOf(publish)]);
    expect(linked?.spanContext().traceId).not.toBe(publish?.spanContext().traceId);
  });

  it('tells of a dead letter on the span of the run, and goes on with its trace in a replay', async () => {
    const traces = recordTraces();
    const subject = fresh('ticket');
    const dead = fresh('dead');
    let isBroken = true;
    const listener = listenerFor(subject, { ...durableQueue(fresh('orders')), deadLetter: { subject: dead } }, () => {
      if (isBroken) throw new NonRetriableException('never');
    });
    const telemetry = openTelemetry();
    const app = await t.app({ controllers: [listener], server: { telemetry } });
    await (await t.client({ telemetry })).emitAsync(subject, 1);
    await t.eventually(() => traces.named(`process ${subject}`).length === 1);
    const [failed] = traces.named(`process ${subject}`);
    expect(failed?.events.map(({ name }) => name)).toEqual(['exception', 'dead_lettered']);
    expect(failed?.attributes['error.type']).toBe('NonRetriableException');
    const traceId = failed?.spanContext().traceId ?? '';
    const lines = app.log.filter(({ text }) => text.includes(`[trace ${traceId}]`));
    expect(lines.map(({ level }) => level)).toEqual(['error', 'warn']);

    isBroken = false;
    const io = testIo({ env: { NATS_URL: t.broker.url, NATS_CLUSTER_ID: t.broker.clusterId, ...t.broker.cliEnv } });
    expect(await runDeadLetters(['replay', '--all', '--handler', '--subject', dead], io)).toBe(0);
    await t.eventually(() => traces.named(`process ${subject}`).length === 2);
    const [, replayed] = traces.named(`process ${subject}`);
    expect(replayed?.spanContext().traceId).toBe(traceId);
    expect(parentOf(replayed)).toBe(parentOf(failed));
  });

  it('goes on with a trace that the publisher gives in the headers, as an outbox does', async () => {
    const traces = recordTraces();
    const subject = fresh('ticket');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await (await t.client({ telemetry: openTelemetry() })).emitAsync(subject, 1, { headers: { traceparent } });
    const [publish] = traces.named(`publish ${subject}`);
    expect(publish?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(parentOf(publish)).toBe('b7ad6b7169203331');
  });

  it('O4 writes no header where there is no SDK', async () => {
    const subject = fresh('ticket');
    const seen: number[] = [];
    const listener = listenerFor(
      subject,
      { startAt: 'first' },
      (_data, stan) => void seen.push(stan.getHeaders().size),
    );
    await t.app({ controllers: [listener], server: { telemetry: openTelemetry() } });
    await (await t.client({ telemetry: openTelemetry() })).emitAsync(subject, 1);
    await t.eventually(() => seen.length === 1);
    expect(seen).toEqual([0]);
  });

  describe('an event that cannot be published', () => {
    it('has a span that says why', async () => {
      const traces = recordTraces();
      const client = await t.client({ telemetry: openTelemetry() });
      await expect(client.emitAsync('a b', 1)).rejects.toThrow();
      await expect(client.emitAsync('a.b', undefined)).rejects.toThrow();
      expect(traces.spans().map(({ attributes }) => attributes['error.type'])).toEqual([
        'STAN_INVALID_SUBJECT',
        'STAN_SERIALIZATION_FAILED',
      ]);
    });
  });
});

/** Two services, the first of which fails once and then publishes for the second; and a request that begins it all. */
async function startShop(t: Contract) {
  const first = fresh('ticket');
  const second = fresh('order');
  const telemetry = openTelemetry();
  const client = await t.client({ telemetry });
  let tries = 0;
  const orders = listenerFor(first, { ...durableQueue('orders'), ackWaitMs: 1_000 }, async () => {
    tries += 1;
    if (tries === 1) throw new Error('not yet');
    await client.emitAsync(second, { order: 1 });
  });
  const billing = listenerFor(second, durableQueue('billing'), () => undefined);
  await t.app({ controllers: [orders], server: { telemetry } });
  await t.app({ controllers: [billing], server: { telemetry } });
  return {
    first,
    second,
    /** What the instrumentation of an HTTP server does around a handler. */
    async request() {
      const span = trace.getTracer('http').startSpan('POST /tickets', { kind: SpanKind.SERVER });
      await context.with(trace.setSpan(context.active(), span), () => client.emitAsync(first, { ticket: 1 }));
      span.end();
    },
  };
}

function idOf(span: ReadableSpan | undefined): string | undefined {
  return span?.spanContext().spanId;
}

function parentOf(span: ReadableSpan | undefined): string | undefined {
  return span?.parentSpanContext?.spanId;
}

function showTrace(spans: readonly ReadableSpan[], broker: string): void {
  const lines = spans.map((span) => {
    const { traceId, spanId } = span.spanContext();
    const status = span.status.code === SpanStatusCode.ERROR ? 'failed' : 'ok';
    return [traceId, spanId, `parent ${parentOf(span) ?? '-'}`.padEnd(23), status.padEnd(6), span.name].join('  ');
  });
  process.stdout.write(`${broker}:\n${lines.join('\n')}\n`);
}
