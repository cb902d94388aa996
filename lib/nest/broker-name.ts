import type { ResolvedConnectionOptions } from '../core/options/connection-options.js';

/** What the broker is called that the options choose. */
export function brokerNameOf({ driver }: ResolvedConnectionOptions): string {
  return driver?.broker ?? 'NATS Streaming';
}
