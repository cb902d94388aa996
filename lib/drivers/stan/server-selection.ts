import type { StanClient } from './stan-client.js';

/** What is used of the NATS client to say which server it talks to, and as whom (nats 1.4.12 lib/nats.js, selectServer). */
interface Selecting {
  readonly options: { readonly user?: unknown; readonly pass?: unknown; readonly token?: unknown };
  readonly currentServer?: SelectedServer;
  url?: object;
  user?: unknown;
  pass?: unknown;
  token?: unknown;
  selectServer?: () => SelectedServer;
  createConnection?: () => void;
}

interface SelectedServer {
  readonly url: URL;
}

/**
 * Lets the NATS client read the URLs of its servers as they are meant: it takes user, password and token as they stand
 * there, percent-encoded, cuts a password at a colon, and looks an IPv6 address up with its brackets on. Called right after
 * the client was made, before anything has come from a server; holds for each server that it turns to later, also for those
 * that a cluster tells it of.
 */
export function readServerUrls({ nc }: Pick<StanClient, 'nc'>): void {
  const client = nc as unknown as Selecting | undefined;
  const select = client?.selectServer;
  if (client === undefined || select === undefined) return;
  client.selectServer = () => {
    const server = select.call(client);
    apply(client, server);
    return server;
  };
  if (client.currentServer === undefined) return;
  const isIpv6 = client.currentServer.url.hostname.startsWith('[');
  apply(client, client.currentServer);
  // The first connection is on its way to the address with its brackets on, which is none.
  if (isIpv6) client.createConnection?.();
}

function apply(client: Selecting, { url }: SelectedServer): void {
  const { username, password, hostname, port, protocol, href } = url;
  const { options } = client;
  if (username !== '' && password === '') client.token = options.token ?? decodeURIComponent(username);
  if (password !== '') {
    client.user = options.user ?? decodeURIComponent(username);
    client.pass = options.pass ?? decodeURIComponent(password);
  }
  if (hostname.startsWith('[')) client.url = { href, protocol, port, hostname: hostname.slice(1, -1) };
}
