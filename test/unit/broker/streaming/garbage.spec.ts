import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encode, StanPeer } from '../support/stan-peer.js';
import { NatsPeer } from '../support/nats-peer.js';
import { startBroker } from '../support/test-broker.js';

const subjects = [
  '_STAN.discover.test-cluster',
  '_STAN.discover.test-cluster.pings',
  '_STAN.pub.test-cluster.x',
  '_STAN.sub.test-cluster',
  '_STAN.unsub.test-cluster',
  '_STAN.subclose.test-cluster',
  '_STAN.close.test-cluster',
];

const requests = [
  encode('ConnectRequest', { clientId: 'fuzz', heartbeatInbox: 'hb.fuzz', protocol: 1, connId: Buffer.from('c') }),
  encode('PubMsg', { clientId: 'victim', guid: 'g', subject: 'y', data: Buffer.from('data') }),
  encode('SubscriptionRequest', { clientId: 'victim', subject: 'y', inbox: 'in', maxInFlight: 5, ackWaitInSecs: 5 }),
  encode('UnsubscribeRequest', { clientId: 'victim', subject: 'y', inbox: 'in' }),
  encode('CloseRequest', { clientId: 'victim' }),
];

describe('garbage', () => {
  it('on any subject of the server leaves other clients served', async () => {
    const broker = await startBroker({ monitoringPort: 0 });
    const good = await StanPeer.connected('good', broker);
    const subscription = await good.subscribe('x', { ackWaitSecs: 30 });
    const bad = NatsPeer.to(broker);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...subjects, subscription.ackInbox),
        fc.uint8Array({ maxLength: 300 }),
        async (subject, bytes) => {
          bad.publish(subject, bytes, 'answer');
          await bad.flush();
        },
      ),
      { numRuns: 300 },
    );
    expect(await good.publish('x', 'still here')).toBe('');
    expect(subscription.messages.at(-1)).toMatchObject({ data: 'still here' });
    const held = (await (await fetch(`${broker.monitoringUrl}/streaming/serverz`)).json()) as object;
    expect(held, 'garbage leaves nothing behind').toMatchObject({
      clients: 1,
      channels: 1,
      subscriptions: 1,
      total_msgs: 1,
    });
  });

  it('made of requests with a few bytes changed leaves other clients served', async () => {
    const broker = await startBroker();
    const good = await StanPeer.connected('good', broker);
    await StanPeer.connected('victim', broker);
    const bad = NatsPeer.to(broker);
    const change = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...subjects),
        fc.constantFrom(...requests),
        change,
        async (subject, request, changes) => {
          const bytes = Buffer.from(request);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          bad.publish(subject, bytes, 'answer');
          await bad.flush();
        },
      ),
      { numRuns: 500 },
    );
    await broker.advance('10m');
    expect((await good.connect()).get('error')).toMatch(/^$|already registered/);
    expect(await good.publish('x')).toBe('');
  });

  it('on the wire ends its own connection alone', async () => {
    const broker = await startBroker();
    const good = await StanPeer.connected('good', broker);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 500 }), { maxLength: 10 }), async (chunks) => {
        const bad = NatsPeer.to(broker);
        for (const chunk of chunks) bad.send(Buffer.from(chunk));
        await good.nats.flush();
        bad.destroy();
      }),
      { numRuns: 200 },
    );
    expect(await good.publish('x')).toBe('');
  });

  it('that never ends a line or a payload is held back within bounds', async () => {
    const broker = await startBroker({ maxPayloadBytes: 1_024 });
    const good = await StanPeer.connected('good', broker);
    const flood = NatsPeer.to(broker);
    flood.send('PUB x 1024\r\n');
    for (let i = 0; i < 1_000; i += 1) flood.send(Buffer.alloc(1_024, 65));
    await flood.ended();
    expect(flood.errors).toEqual(["-ERR 'Unknown Protocol Operation'"]);
    expect(await good.publish('x')).toBe('');
  });

  it('that does not read what it asked for is cut off', async () => {
    const broker = await startBroker({ port: 0, clock: 'real', maxPendingBytes: 300_000 });
    const { connect } = await import('node:net');
    const lazy = connect(broker.port, '127.0.0.1');
    lazy.pause();
    lazy.on('error', () => undefined);
    lazy.write('SUB flood 1\r\n');
    const talker = NatsPeer.to(broker);
    for (let i = 0; i < 500 && !lazy.destroyed; i += 1) {
      talker.publish('flood', Buffer.alloc(200_000));
      await talker.flush();
    }
    lazy.resume();
    await new Promise<void>((resolve) => lazy.once('close', () => resolve()));
    await talker.flush();
  });
});
