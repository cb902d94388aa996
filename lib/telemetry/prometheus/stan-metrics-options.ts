import type { Registry } from 'prom-client';

import type { StanLag } from '../../monitoring/index.js';
import type { ClientStan } from '../../nest/client/index.js';
import type { ServerStan } from '../../nest/server/server-stan.js';

/**
 * Who tells the lag at a scrape: a `StanLag`.
 * @publicApi
 */
export type StanMetricsLag = Pick<StanLag, 'of'>;

/**
 * What is measured, and where the metrics go.
 * @publicApi
 */
export interface StanMetricsOptions {
  /** The servers whose handlers are measured. */
  readonly server?: ServerStan | readonly ServerStan[];
  /** The clients whose publishes are measured. */
  readonly client?: ClientStan | readonly ClientStan[];
  /**
   * Has the lag of each handler of `server` looked up at a scrape, from the server's monitoring port. A port that does not
   * answer leaves the lag out, and sets `stan_monitoring_up` to 0.
   */
  readonly lag?: StanMetricsLag;
  /** @defaultValue prom-client's own registry, which /metrics usually shows */
  readonly registry?: Registry;
  /**
   * What the name of each metric begins with.
   * @defaultValue 'stan_'
   */
  readonly prefix?: string;
  /**
   * Buckets of the histograms. Unit: seconds.
   * @defaultValue 0.001 to 30
   */
  readonly buckets?: readonly number[];
}
