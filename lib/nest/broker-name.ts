import type { ResolvedConnectionOptions } from '../core/options/connection-options.js';
import { stanBroker } from '../drivers/stan/stan-driver.js';

/** The name of the broker that the options choose. */
export function brokerNameOf({ driver }: ResolvedConnectionOptions): string {
  return driver?.broker ?? stanBroker;
}
