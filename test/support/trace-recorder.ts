import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { cleanUpAfterTest } from './cleanup.js';

/** An OpenTelemetry SDK whose spans stay in memory, registered as the global one for the running test. */
export interface TraceRecorder {
  readonly provider: BasicTracerProvider;
  /** The spans that have ended, in the order of their ends. */
  spans(): ReadableSpan[];
  named(name: string): ReadableSpan[];
}

export function recordTraces(): TraceRecorder {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  cleanUpAfterTest(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });
  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  return { provider, spans, named: (name) => spans().filter((span) => span.name === name) };
}
