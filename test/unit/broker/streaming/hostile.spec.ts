import { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { StanBroker } from 'nestjs-stan/broker';
import { describe, expect, it, vi } from 'vitest';

import { NatsPeer } from '../support/nats-peer.js';
import { decode, encode, StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';
import { strangerFixture, tlsFixture } from '../support/tls-fixture.js';

const forged = "x 7 0\r\n\r\nMSG bank.transfer 7 6\r\nforged\r\n-ERR 'Authorization Violation'\r\nMSG y";

describe('an inbox that would end its protocol line early', () => {
  it.each([forged, 'a b', 'a\tb', 'a\nb', 'a\rb', 'a\0b'])('is refused in a subscription: %j', async (inbox) => {
    const broker = await startBroker();
    const victim = NatsPeer.to(broker);
    victim.send('SUB > 7\r\n');
    const peer = await StanPeer.connected('evil', broker);
    const answer = await peer.request(
      '_STAN.sub.test-cluster',
      encode('SubscriptionRequest', { clientId: 'evil', subject: 'x', inbox, maxInFlight: 1, ackWaitInSecs: 30 }),
    );
    expect(decode('SubscriptionResponse', answer).get('error')).toBe('stan: invalid subscription request');
    expect(await peer.publish('x')).toBe('');
    await victim.flush();
    expect(victim.messages.map(({ subject }) => subject)).not.toContain('bank.transfer');
  });

  it.each([forged, 'a b'])('is refused for heartbeats: %j', async (heartbeatInbox) => {
    const broker = await startBroker();
    const peer = new StanPeer('evil', broker);
    const request = encode('ConnectRequest', {
      clientId: 'evil',
      heartbeatInbox,
      protocol: 1,
      connId: Buffer.from('c'),
    });
    const answer = await peer.request('_STAN.discover.test-cluster', request);
    expect(decode('ConnectResponse', answer).get('error')).toBe('stan: invalid connection request');
  });
});

describe('a channel with the name of something that every object has', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('is served and listed: %s', async (name) => {
    const broker = await startBroker({ monitoringPort: 0 });
    const peer = await StanPeer.connected('c', broker);
    await peer.subscribe(name);
    expect(await peer.publish(name)).toBe('');
    const response = await fetch(`${broker.monitoringUrl}/streaming/clientsz?subs=1`);
    const { clients } = (await response.json()) as { clients: { subscriptions: object }[] };
    expect(Object.keys(clients[0]!.subscriptions)).toEqual([name]);
  });
});

describe('a ping interval below zero', () => {
  it('comes back as it was sent: test clients mean milliseconds by it', async () => {
    const broker = await startBroker();
    const peer = new StanPeer('p', broker);
    const request = encode('ConnectRequest', {
      clientId: 'p',
      heartbeatInbox: peer.heartbeatInbox,
      protocol: 1,
      connId: Buffer.from('c'),
      pingInterval: -50,
      pingMaxOut: 3,
    });
    const response = decode('ConnectResponse', await peer.request('_STAN.discover.test-cluster', request));
    expect([response.get('pingInterval'), response.get('pingMaxOut')]).toEqual([-50, 3]);
  });
});

describe('a connection with many subscriptions of one subject', () => {
  it('leaves with work in proportion to them', async () => {
    const few = await scannedByLeaving(500);
    const many = await scannedByLeaving(2_000);
    expect(many).toBeLessThan(Math.max(few, 2_000) * 8);
  });
});

/** How many elements of lists were looked at while a connection with so many subscriptions of one subject left. */
async function scannedByLeaving(subscriptions: number): Promise<number> {
  const broker = await startBroker();
  const good = NatsPeer.to(broker);
  const crowd = NatsPeer.to(broker);
  for (let i = 1; i <= subscriptions; i += 1) crowd.send(`SUB crowd ${i}\r\n`);
  await crowd.flush();
  let scanned = 0;
  const spies = (['indexOf', 'includes', 'find', 'findIndex', 'filter', 'splice', 'slice'] as const).map((name) => {
    const original = Array.prototype[name] as (...args: unknown[]) => unknown;
    return vi.spyOn(Array.prototype, name as 'indexOf').mockImplementation(function (
      this: unknown[],
      ...args: unknown[]
    ) {
      scanned += this.length;
      return original.apply(this, args) as number;
    });
  });
  try {
    crowd.destroy();
    await good.flush();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  good.send('SUB crowd 1\r\n');
  good.publish('crowd', 'alone');
  await good.flush();
  expect(good.messages).toHaveLength(1);
  return scanned;
}

describe('TLS', () => {
  it.each([
    ['a key that is no key', { key: 'nothing', cert: tlsFixture.cert }],
    ['a certificate that is none', { key: tlsFixture.key, cert: 'nothing' }],
    ['no key', { cert: tlsFixture.cert }],
    ['nothing', {}],
  ])('with %s is refused at the start, without showing the key', async (_what, tls) => {
    const failure = await StanBroker.start({ port: 0, tls }).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({
      code: 'STAN_BROKER_START_FAILED',
      message: expect.stringMatching(/^tls /) as string,
    });
    expect(failure?.message).not.toContain('PRIVATE');
  });

  it.each([
    ['none', {}, false],
    ['one that its ca signed', { key: tlsFixture.key, cert: tlsFixture.cert }, true],
    ['one that another ca signed', strangerFixture, false],
  ])('that asks for client certificates and gets %s: served %s', async (_what, client, served) => {
    const broker = await startBroker({
      port: 0,
      clock: 'real',
      tls: { ...tlsFixture, ca: [tlsFixture.cert], requestCert: true, rejectUnauthorized: true },
    });
    expect(await answersPing(broker.port, client)).toBe(served);
  });
});

/** Speaks TLS as a NATS client does: after the greeting in plain text. */
async function answersPing(port: number, certificate: object): Promise<boolean> {
  const plain = new Socket();
  plain.on('error', () => undefined);
  plain.connect(port, '127.0.0.1');
  await new Promise((resolve) => plain.once('data', resolve));
  const secure = connectTls({ socket: plain, ca: [tlsFixture.cert], servername: 'localhost', ...certificate });
  secure.write('CONNECT {"verbose":false}\r\nPING\r\n');
  return new Promise((resolve) => {
    secure.on('data', (bytes: Buffer) => {
      if (!bytes.toString().includes('PONG')) return;
      resolve(true);
      secure.destroy();
    });
    secure.on('error', () => resolve(false));
    secure.on('close', () => resolve(false));
  });
}
