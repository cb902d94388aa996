import { SpanKind, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServiceEnvironment } from './service-environment.js';

/** Time for the last spans. Unit: milliseconds. */
const lastSpansMs = 2_000;

/**
 * Starts tracing in this process: every request and every event has a trace id, and where `OTEL_EXPORTER_OTLP_ENDPOINT`
 * is set its spans go there. An app of your own takes the whole SDK with its instrumentations instead.
 * @returns what sends the last spans, for the end of the process
 */
export function startTracing({ service, clientId }: ServiceEnvironment): () => Promise<void> {
  const isExported = Boolean(process.env['OTEL_EXPORTER_OTLP_ENDPOINT']);
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.instance.id': clientId }),
    spanProcessors: isExported ? [new BatchSpanProcessor(new OTLPTraceExporter())] : [],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  // A collector that is away must not hold up the end of the process.
  return () =>
    Promise.race([provider.shutdown().catch(() => undefined), delay(lastSpansMs, undefined, { ref: false })]);
}

/** A span around each HTTP request, which the events of the request belong to. */
export function traceRequests(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const { method = 'GET', url = '/' } = request;
  const parent = propagation.extract(context.active(), request.headers);
  const name = `${method} ${url.split('?', 1)[0] ?? url}`;
  const span = trace.getTracer('http').startSpan(name, { kind: SpanKind.SERVER }, parent);
  response.once('close', () => {
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(parent, span), next);
}

/** The headers that carry the trace which is active here: for an event that is published later, by the outbox. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** The trace that is active here, or the one that headers carry. */
export function activeTraceId(headers: Readonly<Record<string, string>> = {}): string | undefined {
  const span: Span | undefined = trace.getSpan(propagation.extract(context.active(), headers));
  const traceId = span?.spanContext().traceId;
  return traceId === undefined || /^0+$/.test(traceId) ? undefined : traceId;
}
