import type { BrokerNames } from '../core/driver/driver.js';
import type { ResolvedConnectionOptions } from '../core/options/connection-options.js';
import { stanBroker } from '../drivers/stan/stan-driver.js';

/** What the broker is called that the options choose. */
export function brokerNamesOf({ driver }: ResolvedConnectionOptions): BrokerNames {
  if (driver === undefined) return stanBroker;
  const { broker, messagingSystem } = driver;
  return { broker, messagingSystem };
}
