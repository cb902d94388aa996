/* The entry point nestjs-stan/opentelemetry: tracing and metrics by @opentelemetry/api, which is an optional peer. */

export { openTelemetry } from './open-telemetry.js';
export type { OpenTelemetryOptions } from './open-telemetry-options.js';
