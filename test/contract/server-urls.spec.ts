import { networkInterfaces } from 'node:os';
import { ClientStan } from 'nestjs-stan';
import type { StanClientOptions } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';
import type { StanBrokerOptions } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';

import { cleanUpAfterTest } from '../support/cleanup.js';
import { fresh } from '../support/fresh.js';

const hasIpv6Loopback = Object.values(networkInterfaces()).some((found) =>
  found?.some(({ address }) => address === '::1'),
);

async function startBroker(options: Partial<StanBrokerOptions>): Promise<StanBroker> {
  const broker = await StanBroker.start({ port: 0, ...options });
  cleanUpAfterTest(() => broker.close());
  return broker;
}

/** Publishes one event over these servers; rejects where that is not possible. */
async function publishOver(servers: string | string[], options: Partial<StanClientOptions> = {}): Promise<number> {
  const client = new ClientStan({
    ...{ clusterId: 'test-cluster', clientId: fresh('publisher'), servers },
    reconnect: { firstConnectTimeoutMs: 2_000, initialDelayMs: 50 },
    ...options,
  });
  cleanUpAfterTest(() => client.close());
  const { attempts } = await client.emitAsync(fresh('orders'), 1);
  return attempts;
}

describe('user, password and token in a server URL', () => {
  it.each([
    ['user', 'p@ss#1', 'user:p%40ss%231'],
    ['user', 'a:b/c?d%e', 'user:a%3Ab%2Fc%3Fd%25e'],
    ['us:er', 'ä €', 'us%3Aer:%C3%A4%20%E2%82%AC'],
    ['user', 'plain-_.~!$&', 'user:plain-_.~!$&'],
  ])('are decoded: %s and %s as %s', async (user, pass, inUrl) => {
    const broker = await startBroker({ auth: { user, pass } });
    expect(await publishOver(`nats://${inUrl}@127.0.0.1:${String(broker.port)}`)).toBe(1);
  });

  it('are decoded where the token is all there is', async () => {
    const broker = await startBroker({ auth: { token: 't@ken:#1' } });
    expect(await publishOver(`nats://t%40ken%3A%231@127.0.0.1:${String(broker.port)}`)).toBe(1);
  });

  it('are those of the server that the client turns to', async () => {
    const broker = await startBroker({ auth: { user: 'a@b', pass: 'c:d' } });
    const gone = await startBroker({});
    const goneUrl = `nats://other:x@127.0.0.1:${String(gone.port)}`;
    await gone.close();
    expect(await publishOver([goneUrl, `nats://a%40b:c%3Ad@127.0.0.1:${String(broker.port)}`])).toBe(1);
  });

  it('give way to those in `connection`', async () => {
    const broker = await startBroker({ auth: { user: 'app', pass: 'p/#?@:1' } });
    const servers = `nats://wrong:wrong@127.0.0.1:${String(broker.port)}`;
    expect(await publishOver(servers, { connection: { user: 'app', pass: 'p/#?@:1' } })).toBe(1);
  });

  it.each([
    'nats://user:p#ss@host',
    'nats://user:p/ss@host',
    'nats://user:p?ss@host',
    'user:100%@host:4222',
    'nats://to#ken@h',
  ])('are refused where they are not encoded, with both ways out and without the secret: %s', (servers) => {
    const make = () => new ClientStan({ clusterId: 'test-cluster', clientId: 'a', servers });
    expect(make).toThrow(expect.objectContaining({ code: 'STAN_INVALID_OPTION', option: 'servers' }) as Error);
    expect(make).toThrow('connection.user and connection.pass, got "');
    expect(make).not.toThrow(/p[#/?]ss|100%|to#ken/);
  });
});

describe.skipIf(!hasIpv6Loopback)('an IPv6 address', () => {
  it('is reached in brackets, also after another server, with credentials', async () => {
    const broker = await startBroker({ host: '::1', auth: { user: 'u', pass: 'p@1' } });
    const url = `nats://u:p%401@[::1]:${String(broker.port)}`;
    expect(await publishOver(url)).toBe(1);
    expect(await publishOver(['nats://127.0.0.1:1', url])).toBe(1);
  });
});
