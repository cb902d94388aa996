import type { StanBroker } from 'nestjs-stan/broker';
import { connect } from 'node-nats-streaming';
import type { Message, Stan } from 'node-nats-streaming';
import { describe, expect, it, onTestFinished } from 'vitest';

import { latch } from '../../../support/wait.js';
import { startBroker } from '../support/test-broker.js';
import { tlsFixture } from '../support/tls-fixture.js';

/** Connects the official client; what it cannot do rejects. */
async function connectOver(broker: StanBroker, options: Record<string, unknown> = {}): Promise<Stan> {
  const connected = latch<Stan | Error>();
  const stan = connect(broker.clusterId, 'client', {
    url: broker.url,
    reconnect: false,
    waitOnFirstConnect: false,
    ...options,
  });
  stan.on('connect', () => connected.open(stan));
  stan.on('error', (error: Error) => connected.open(error));
  onTestFinished(() => {
    // Its ping timer outlives the connection that is closed below it, and throws from there.
    const { nc, pingTimer } = stan as unknown as { nc?: { close(): void }; pingTimer?: NodeJS.Timeout };
    clearTimeout(pingTimer);
    nc?.close();
  });
  const outcome = await connected.wait();
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

async function roundTrip(stan: Stan): Promise<string> {
  const received = latch<string>();
  const subscription = stan.subscribe('x', stan.subscriptionOptions().setDeliverAllAvailable());
  subscription.on('message', (message: Message) => received.open(String(message.getData())));
  stan.publish('x', 'hello', () => undefined);
  return received.wait();
}

describe('the official client', () => {
  it('publishes and subscribes over TCP', async () => {
    const broker = await startBroker({ port: 0, clock: 'real' });
    expect(await roundTrip(await connectOver(broker))).toBe('hello');
  });

  it('publishes and subscribes over TLS', async () => {
    const broker = await startBroker({ port: 0, clock: 'real', tls: tlsFixture });
    const stan = await connectOver(broker, { tls: { ca: [tlsFixture.cert], servername: 'localhost' } });
    expect(await roundTrip(stan)).toBe('hello');
  });

  it('does not get in over TLS without trusting the certificate', async () => {
    const broker = await startBroker({ port: 0, clock: 'real', tls: tlsFixture });
    await expect(connectOver(broker, { tls: { servername: 'localhost' } })).rejects.toThrow();
    const stan = await connectOver(broker, { tls: { ca: [tlsFixture.cert], servername: 'localhost' } });
    expect(await roundTrip(stan)).toBe('hello');
  });

  it.each([
    ['user and password', { user: 'u', pass: 'p' }, { user: 'u', pass: 'p' }],
    ['a token', { token: 't' }, { token: 't' }],
  ])('gets in with %s and not without', async (_, auth, shown) => {
    const broker = await startBroker({ port: 0, clock: 'real', auth });
    await expect(connectOver(broker)).rejects.toThrow(/authoriz/i);
    expect(await roundTrip(await connectOver(broker, shown))).toBe('hello');
  });
});
