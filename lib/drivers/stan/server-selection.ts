import type { VendorOptions } from './stan-options.js';
import { findObstacle } from './vendor-internals.js';
import type { NatsConnection, SelectedServer, StanClient } from './vendor-internals.js';

/**
 * Lets the NATS client read the URLs of its servers as they are meant: it takes user, password and token as they stand
 * there, percent-encoded, cuts a password at a colon, and looks an IPv6 address up with its brackets on. Called right after
 * the client was made, before anything has come from a server; holds for each server that it turns to later, also for those
 * that a cluster announces.
 * @throws IncompatibleDependencyError (STAN_INCOMPATIBLE_DEPENDENCY) where that is not possible, and some URL needs it
 */
export function readServerUrls({ nc: nats }: Pick<StanClient, 'nc'>, options: VendorOptions): void {
  if (nats === undefined) return;
  const obstacle = findObstacle('selectServer', nats);
  if (obstacle !== undefined) {
    if ([options.url ?? [], options.servers ?? []].flat().some(isMisreadByVendor)) throw obstacle;
    return;
  }
  const select = nats.selectServer;
  nats.selectServer = () => {
    const server = select.call(nats);
    apply(nats, server);
    return server;
  };
  const isIpv6 = nats.currentServer.url.hostname.startsWith('[');
  apply(nats, nats.currentServer);
  // The first connection is on its way to the address with its brackets on, which does not exist.
  if (isIpv6) nats.createConnection();
}

function apply(client: NatsConnection, { url }: SelectedServer): void {
  const { username, password, hostname, port, protocol, href } = url;
  const { options } = client;
  if (username !== '' && password === '') client.token = options.token ?? decodeURIComponent(username);
  if (password !== '') {
    client.user = options.user ?? decodeURIComponent(username);
    client.pass = options.pass ?? decodeURIComponent(password);
  }
  if (hostname.startsWith('[')) client.url = { href, protocol, port, hostname: hostname.slice(1, -1) };
}

/** The driver has complete URLs only. */
function isMisreadByVendor(server: string): boolean {
  const { username, password, hostname } = new URL(server);
  return hostname.startsWith('[') || username.includes('%') || password.includes('%');
}
