/* The entry point nestjs-stan/prometheus: metrics by prom-client, which is an optional peer. */

export { StanMetrics } from './stan-metrics.js';
export { StanMetricsModule } from './stan-metrics.module.js';
export type { StanMetricsAsyncOptions } from './stan-metrics.module.js';
export type { StanMetricsLag, StanMetricsOptions } from './stan-metrics-options.js';
