import type { MeterProvider, TextMapPropagator, TracerProvider } from '@opentelemetry/api';

/**
 * How events are traced.
 * @publicApi
 */
export interface OpenTelemetryOptions {
  /**
   * How the run of a handler belongs to the publish of its event: `'parent'` makes both one trace, a waterfall from the
   * HTTP request to the last service; `'link'` begins a trace per run and links it to the publish, as the semantic
   * conventions do by default.
   * @defaultValue 'parent'
   */
  readonly link?: 'parent' | 'link';
  /** @defaultValue the global one */
  readonly tracerProvider?: TracerProvider;
  /** Metrics are kept only where one is given. */
  readonly meterProvider?: MeterProvider;
  /**
   * Writes the context into the headers and reads it from there. Names are in lower case there.
   * @defaultValue the global one; without an SDK it writes nothing
   */
  readonly propagator?: Pick<TextMapPropagator<unknown>, 'inject' | 'extract'>;
}
