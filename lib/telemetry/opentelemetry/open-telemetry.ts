import type { StanTelemetry } from '../../core/options/index.js';
import { EventMetrics } from './event-metrics.js';
import { EventTracing } from './event-tracing.js';
import type { OpenTelemetryOptions } from './open-telemetry-options.js';

/**
 * Tracing by OpenTelemetry for the option `telemetry` of `ServerStan` and `ClientStan`: a span `publish {subject}` from
 * `emit()` to the server's ack, a span `process {subject}` per run of a handler, and the trace context in the event's
 * headers. Names and attributes follow the semantic conventions 1.44.0 (messaging: "Development"). Never the payload.
 * @publicApi
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): StanTelemetry {
  const tracing = new EventTracing(options);
  const { meterProvider } = options;
  return meterProvider === undefined ? tracing : new EventMetrics(tracing, meterProvider);
}
