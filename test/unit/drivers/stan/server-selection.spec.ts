import { describe, expect, it } from 'vitest';

import { readServerUrls } from '../../../../lib/drivers/stan/server-selection.js';
import type { NatsConnection, SelectedServer } from '../../../../lib/drivers/stan/vendor-internals.js';

/** As much of the NATS client as looks for its server. */
class Client {
  currentServer: SelectedServer;
  url: unknown = {};
  user: string | undefined;
  pass: string | undefined;
  token: string | undefined;
  connections = 0;

  constructor(
    private readonly servers: string[],
    readonly options: { user?: string; pass?: string; token?: string } = {},
  ) {
    this.currentServer = this.selectServer();
  }

  selectServer(): SelectedServer {
    this.currentServer = { url: new URL(this.servers.shift() ?? 'nats://last:4222') };
    return this.currentServer;
  }

  createConnection(): void {
    this.connections += 1;
  }

  get credentials() {
    return { user: this.user, pass: this.pass, token: this.token };
  }
}

function reading(servers: string[], options?: ConstructorParameters<typeof Client>[1]): Client {
  const client = new Client(servers, options);
  readServerUrls({ nc: client as unknown as NatsConnection }, {});
  return client;
}

const none = { user: undefined, pass: undefined, token: undefined };

describe('what the URL of a server says', () => {
  it.each([
    ['nats://us%40er:p%3Ass%25@host:4222', { user: 'us@er', pass: 'p:ss%', token: undefined }],
    ['nats://s%2Fecret@host:4222', { user: undefined, pass: undefined, token: 's/ecret' }],
    ['nats://host:4222', none],
  ])('are credentials, decoded: %s', (url, credentials) => {
    const client = reading([url]);
    expect(client.credentials).toEqual(credentials);
    expect([client.url, client.connections]).toEqual([{}, 0]);
  });

  it('gives way to the connection options', () => {
    const own = { user: 'me', pass: 'mine', token: 'ours' };
    expect(reading(['nats://a:b@host'], own).credentials).toEqual({ user: 'me', pass: 'mine', token: undefined });
    expect(reading(['nats://a@host'], own).credentials).toEqual({ ...none, token: 'ours' });
  });

  it('is an IPv6 address without its brackets, to which it connects again', () => {
    const client = reading(['nats://[::1]:4222']);
    expect(client.url).toEqual({ href: 'nats://[::1]:4222', protocol: 'nats:', port: '4222', hostname: '::1' });
    expect(client.connections).toBe(1);
  });

  it('holds for each server that it turns to later, without a connection of its own', () => {
    const client = reading(['nats://host:4222', 'nats://a:b@other:4222', 'nats://[fe80::2]:4333']);
    expect(client.selectServer()).toBe(client.currentServer);
    expect(client.credentials).toEqual({ user: 'a', pass: 'b', token: undefined });
    client.selectServer();
    expect(client.url).toMatchObject({ hostname: 'fe80::2', port: '4333' });
    expect(client.connections).toBe(0);
  });
});

describe('a NATS client of another version, which reads URLs by itself', () => {
  const unknown = { nc: {} as NatsConnection };

  it.each(['nats://host:4222', 'nats://user:password@host', 'nats://token@host'])('is trusted with %s', (url) => {
    expect(() => readServerUrls(unknown, { url })).not.toThrow();
    expect(() => readServerUrls(unknown, { servers: [url, url] })).not.toThrow();
  });

  it.each(['nats://[::1]:4222', 'nats://us%40er:password@host', 'nats://user:p%3Ass@host'])(
    'is refused where it would misread %s',
    (url) => {
      const error = { code: 'STAN_INCOMPATIBLE_DEPENDENCY', member: 'Client.selectServer' };
      const refused = expect.objectContaining(error) as Error;
      expect(() => readServerUrls(unknown, { url })).toThrow(refused);
      expect(() => readServerUrls(unknown, { servers: ['nats://host:4222', url] })).toThrow(refused);
    },
  );

  it('says nothing where there is no client to look at, or no URL', () => {
    expect(() => readServerUrls({ nc: undefined }, { url: 'nats://[::1]:4222' })).not.toThrow();
    expect(() => readServerUrls(unknown, {})).not.toThrow();
  });
});
