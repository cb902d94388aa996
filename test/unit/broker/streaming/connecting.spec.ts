import { describe, expect, it } from 'vitest';

import { encode, decode, StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('connecting', () => {
  it('gives the subjects of the cluster, and those of pings from protocol 1 on', async () => {
    const broker = await startBroker({ clusterId: 'orders' });
    const modern = await new StanPeer('modern', broker).connect(1);
    const old = await new StanPeer('old', broker).connect(0);
    const fields = [
      'error',
      'pubPrefix',
      'subRequests',
      'unsubRequests',
      'subCloseRequests',
      'closeRequests',
      'protocol',
    ];
    const expected = [
      '',
      '_STAN.pub.orders',
      '_STAN.sub.orders',
      '_STAN.unsub.orders',
      '_STAN.subclose.orders',
      '_STAN.close.orders',
      1,
    ];
    expect(fields.map((field) => modern.get(field))).toEqual(expected);
    expect(fields.map((field) => old.get(field))).toEqual(expected);
    expect([modern.get('pingRequests'), old.get('pingRequests')]).toEqual(['_STAN.discover.orders.pings', '']);
  });

  it.each([
    ['no heartbeat inbox', { clientId: 'a' }, 'stan: invalid connection request'],
    [
      'an illegal client id',
      { clientId: 'a.b', heartbeatInbox: 'hb' },
      'stan: invalid clientID: only alphanumeric and `-` or `_` characters allowed',
    ],
    [
      'no client id',
      { heartbeatInbox: 'hb' },
      'stan: invalid clientID: only alphanumeric and `-` or `_` characters allowed',
    ],
  ])('is refused with %s', async (_, fields, error) => {
    const broker = await startBroker();
    const peer = new StanPeer('peer', broker);
    const answer = await peer.request('_STAN.discover.test-cluster', encode('ConnectRequest', fields));
    expect(decode('ConnectResponse', answer).get('error')).toBe(error);
  });

  it('is refused with bytes that are no request', async () => {
    const broker = await startBroker();
    const peer = new StanPeer('peer', broker);
    const answer = await peer.request('_STAN.discover.test-cluster', Buffer.from([0x0a, 0xff]));
    expect(decode('ConnectResponse', answer).get('error')).toBe('stan: invalid connection request');
  });

  it('is refused while another client with the id answers', async () => {
    const broker = await startBroker();
    const first = await StanPeer.connected('same', broker);
    const second = await new StanPeer('same', broker).connect();
    expect(second.get('error')).toBe('stan: clientID already registered');
    expect(await first.ping()).toBe('');
  });

  it('replaces a client with the id that is gone, at once', async () => {
    const broker = await startBroker();
    const first = await StanPeer.connected('same', broker);
    first.nats.destroy();
    const second = await StanPeer.connected('same', broker);
    expect(await second.ping(first.connId)).toBe('client has been replaced or is no longer registered');
    expect(await second.ping()).toBe('');
  });

  it('replaces a client with the id that does not answer for half a second', async () => {
    const broker = await startBroker();
    const first = await StanPeer.connected('same', broker);
    first.answersHeartbeats = false;
    const answer = new StanPeer('same', broker).connect();
    await broker.advance('499ms');
    expect(await new StanPeer('same', broker).connect().then((refused) => refused.get('error'))).toBe(
      'stan: clientID already registered',
    );
    await broker.advance('1ms');
    expect((await answer).get('error')).toBe('');
    expect(await first.publish('a')).toBe('stan: invalid publish request');
  });

  it('is impossible with another cluster id: nobody answers', async () => {
    const broker = await startBroker();
    const peer = new StanPeer('a', broker, 'elsewhere');
    peer.nats.send('CONNECT {"headers":true,"no_responders":true}\r\nSUB answer 9\r\n');
    peer.nats.publish('_STAN.discover.elsewhere', '', 'answer');
    await peer.nats.flush();
    expect(peer.nats.messages).toMatchObject([{ subject: 'answer', headers: 'NATS/1.0 503\r\n\r\n' }]);
  });
});

describe('closing', () => {
  it('forgets the client', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    expect(await peer.close()).toBe('');
    expect(await peer.close()).toBe('stan: unknown clientID');
    expect(await peer.publish('a')).toBe('stan: invalid publish request');
    expect((await peer.connect()).get('error')).toBe('');
  });

  it('comes after what was published before it', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const order: string[] = [];
    await Promise.all([
      peer.publish('a').then((error) => order.push(`publish ${error}`)),
      peer.close().then((error) => order.push(`close ${error}`)),
    ]);
    expect(order).toEqual(['publish ', 'close ']);
  });

  it('is refused with bytes that are no request', async () => {
    const broker = await startBroker();
    const peer = await StanPeer.connected('a', broker);
    const answer = await peer.request('_STAN.close.test-cluster', Buffer.from([0xff]));
    expect(decode('CloseResponse', answer).get('error')).toBe('stan: invalid close request');
  });
});

describe('heartbeats', () => {
  const heartbeat = { heartbeatIntervalMs: 5_000, heartbeatTimeoutMs: 5_000, maxFailedHeartbeats: 2 };

  it('come every interval, and a client that answers stays', async () => {
    const broker = await startBroker(heartbeat);
    const peer = await StanPeer.connected('a', broker);
    await broker.advance('4999ms');
    expect(peer.heartbeats).toBe(0);
    await broker.advance('1ms');
    expect(peer.heartbeats).toBe(1);
    await broker.advance('60s');
    expect(peer.heartbeats).toBe(13);
    expect(await peer.ping()).toBe('');
  });

  it('close a client that fails one more in a row than it may', async () => {
    const broker = await startBroker(heartbeat);
    const peer = await StanPeer.connected('a', broker);
    peer.answersHeartbeats = false;
    await broker.advance('29s');
    expect(await peer.publish('a')).toBe('');
    await broker.advance('1s');
    expect(await peer.publish('a')).toBe('stan: invalid publish request');
  });

  it('do not wait for a client whose connection is gone', async () => {
    const broker = await startBroker(heartbeat);
    const peer = await StanPeer.connected('a', broker);
    const other = await StanPeer.connected('b', broker);
    peer.nats.destroy();
    await broker.advance('15s');
    expect(await other.ping(peer.connId)).toBe('client has been replaced or is no longer registered');
  });

  it('begin anew after one that was answered', async () => {
    const broker = await startBroker(heartbeat);
    const peer = await StanPeer.connected('a', broker);
    peer.answersHeartbeats = false;
    await broker.advance('20s');
    peer.answersHeartbeats = true;
    await broker.advance('5s');
    peer.answersHeartbeats = false;
    await broker.advance('20s');
    expect(await peer.ping()).toBe('');
  });

  it('come at once after a ping of a client that failed some', async () => {
    const broker = await startBroker(heartbeat);
    const peer = await StanPeer.connected('a', broker);
    peer.answersHeartbeats = false;
    await broker.advance('10s');
    peer.answersHeartbeats = true;
    const before = peer.heartbeats;
    await peer.ping();
    await broker.advance('1ms');
    expect(peer.heartbeats).toBe(before + 1);
  });
});
