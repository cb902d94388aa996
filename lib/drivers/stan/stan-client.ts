import { connect } from 'node-nats-streaming';

import { readServerUrls } from './server-selection.js';
import type { VendorOptions } from './stan-options.js';
import { assertMadeClient } from './vendor-internals.js';
import type { StanClient } from './vendor-internals.js';

/** The vendor's `connect()`, with options that its typings leave out. */
export type VendorConnect = (clusterId: string, clientId: string, options: object) => unknown;

/**
 * Makes a client and starts to connect it. Throws what the vendor throws on options that it cannot use.
 * @throws IncompatibleDependencyError (STAN_INCOMPATIBLE_DEPENDENCY) where the installed packages are not those that the
 * driver was written for; nothing stays open then
 */
export function createStanClient(
  clusterId: string,
  clientId: string,
  options: VendorOptions,
  vendorConnect: VendorConnect = connect,
): StanClient {
  // The one cast at this edge: the interface holds what the typings leave out.
  const client = vendorConnect(clusterId, clientId, options) as StanClient;
  try {
    assertMadeClient(client);
    readServerUrls(client, options);
  } catch (error) {
    client.on('error', () => undefined);
    client.close();
    throw error;
  }
  return client;
}

/**
 * Keeps a client that was ended from pinging. An answer to its connect request that comes while it is ended starts its ping
 * timer all the same, whose next ping throws on the closed connection, from a timer: nobody could catch that.
 */
/* eslint-disable no-restricted-globals -- a timer that the vendor started */
export function refusePingTimer(client: StanClient): void {
  clearTimeout(client.pingTimer);
  Object.defineProperty(client, 'pingTimer', {
    configurable: true,
    get: () => undefined,
    set: (timer: NodeJS.Timeout) => clearTimeout(timer),
  });
}
/* eslint-enable no-restricted-globals */
