import { describe, expect, it } from 'vitest';

import { NatsPeer } from '../support/nats-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('a NATS connection', () => {
  it('is greeted with INFO and gets PONG for PING', async () => {
    const peer = NatsPeer.to(await startBroker({ maxPayloadBytes: 2_048 }));
    await peer.flush();
    expect(peer.info).toMatchObject({ proto: 1, headers: true, max_payload: 2_048, host: '127.0.0.1' });
    expect(peer.info).not.toHaveProperty('auth_required');
  });

  it('gets what is published to its subscriptions, with sid and reply', async () => {
    const broker = await startBroker();
    const [subscriber, publisher] = [NatsPeer.to(broker), NatsPeer.to(broker)];
    subscriber.send('SUB a.b 1\r\nSUB a.* 2\r\nSUB other 3\r\n');
    await subscriber.flush();
    publisher.publish('a.b', 'hello', 'answer.me');
    await publisher.flush();
    await subscriber.flush();
    expect(subscriber.messages.map(({ sid, reply, payload }) => [sid, reply, String(payload)]).sort()).toEqual([
      ['1', 'answer.me', 'hello'],
      ['2', 'answer.me', 'hello'],
    ]);
  });

  it('shares the messages of a queue with its other members', async () => {
    const broker = await startBroker();
    const members = [NatsPeer.to(broker), NatsPeer.to(broker)];
    const publisher = NatsPeer.to(broker);
    for (const member of members) {
      member.send('SUB work q 1\r\n');
      await member.flush();
    }
    for (let i = 0; i < 200; i += 1) publisher.publish('work', String(i));
    await publisher.flush();
    for (const member of members) await member.flush();
    const [first, second] = members.map(({ messages }) => messages.length);
    expect(first! + second!).toBe(200);
    expect(Math.min(first!, second!)).toBeGreaterThan(0);
  });

  it('is one queue with all of the same name, whichever patterns they listen on', async () => {
    const broker = await startBroker();
    const peer = NatsPeer.to(broker);
    peer.send('SUB a.b q 1\r\nSUB a.* q 2\r\nSUB a.> other 3\r\n');
    for (let i = 0; i < 50; i += 1) peer.publish('a.b', String(i));
    await peer.flush();
    const sids = peer.messages.map(({ sid }) => sid);
    expect(sids.filter((sid) => sid !== '3')).toHaveLength(50);
    expect(sids.filter((sid) => sid === '3')).toHaveLength(50);
  });

  it('gets no more than the maximum of its UNSUB, and nothing after a plain one', async () => {
    const peer = NatsPeer.to(await startBroker());
    peer.send('SUB a 1\r\nUNSUB 1 2\r\nSUB b 2\r\n');
    for (const subject of ['a', 'a', 'a', 'b']) peer.publish(subject, subject);
    peer.send('UNSUB 2\r\n');
    peer.publish('b', 'late');
    await peer.flush();
    expect(peer.messages.map(({ payload }) => String(payload))).toEqual(['a', 'a', 'b']);
  });

  it('does not hear itself with echo off', async () => {
    const broker = await startBroker();
    const [silent, other] = [NatsPeer.to(broker), NatsPeer.to(broker)];
    other.send('SUB a 1\r\n');
    await other.flush();
    silent.send('CONNECT {"echo":false}\r\nSUB a 1\r\n');
    silent.publish('a', 'x');
    await silent.flush();
    await other.flush();
    expect([silent.messages.length, other.messages.length]).toEqual([0, 1]);
  });

  it('gets +OK for each operation unless it says otherwise', async () => {
    const peer = NatsPeer.silent(await startBroker());
    peer.send('CONNECT {"pedantic":false}\r\nSUB a 1\r\nPUB a 1\r\nx\r\nUNSUB 1\r\n');
    await peer.flush();
    expect(peer.lines.slice(1)).toEqual(['+OK', '+OK', '+OK', expect.stringMatching('^MSG'), '+OK', 'PONG']);
  });

  it('is told of a bad publish subject when pedantic, and served on', async () => {
    const peer = NatsPeer.to(await startBroker());
    peer.send('CONNECT {"pedantic":true}\r\nPUB a.* 1\r\nx\r\n');
    await peer.flush();
    expect(peer.errors).toEqual(["-ERR 'Invalid Publish Subject'"]);
  });

  it('is told of a bad subscription subject and served on', async () => {
    const peer = NatsPeer.to(await startBroker());
    peer.send('SUB a..b 1\r\nSUB a.>.b 2\r\n');
    await peer.flush();
    expect(peer.errors).toEqual(["-ERR 'Invalid Subject'", "-ERR 'Invalid Subject'"]);
  });

  it.each([
    ['an unknown operation', 'NONSENSE\r\n', ["-ERR 'Unknown Protocol Operation'"]],
    ['a control line that is too long', `SUB ${'a'.repeat(5_000)} 1\r\n`, ["-ERR 'maximum control line exceeded'"]],
    ['a payload that is too large', 'PUB a 2000000\r\n', ["-ERR 'Maximum Payload Violation'"]],
    ['a protocol version it does not have', 'CONNECT {"protocol":2}\r\n', ["-ERR 'invalid client protocol'"]],
    ['a CONNECT that is no JSON', 'CONNECT nonsense\r\n', []],
    ['a PUB without a size', 'PUB a\r\n', []],
    ['headers without asking for them', 'HPUB a 2 2\r\nhi\r\n', []],
    ['a CONNECT with a field of another type', 'CONNECT {"verbose":"yes"}\r\n', []],
    ['an INFO that is no JSON', 'INFO nonsense\r\n', []],
    ['an error of its own', "-ERR 'help'\r\n", []],
  ])('is closed after %s, and others are served on', async (_, bytes, errors) => {
    const broker = await startBroker();
    const [peer, other] = [NatsPeer.to(broker), NatsPeer.to(broker)];
    peer.send(bytes);
    await peer.ended();
    expect(peer.errors).toEqual(errors);
    await other.flush();
  });

  it('is refused when there are too many', async () => {
    const broker = await startBroker({ maxConnections: 1 });
    const first = NatsPeer.to(broker);
    const second = NatsPeer.to(broker);
    await second.ended();
    expect(second.errors).toEqual(["-ERR 'maximum connections exceeded'"]);
    await first.flush();
  });

  it('is told that nobody listens, where it asked for that', async () => {
    const peer = NatsPeer.to(await startBroker());
    peer.send('CONNECT {"headers":true,"no_responders":true}\r\nSUB inbox.* 1\r\n');
    peer.publish('nobody', 'x', 'inbox.1');
    await peer.flush();
    expect(peer.messages).toMatchObject([{ subject: 'inbox.1', headers: 'NATS/1.0 503\r\n\r\n' }]);
  });

  it('gets headers where it takes them, and the bare data where not', async () => {
    const broker = await startBroker();
    const [modern, old] = [NatsPeer.to(broker), NatsPeer.to(broker)];
    old.send('SUB a 1\r\n');
    await old.flush();
    modern.send('CONNECT {"headers":true}\r\nSUB a 1\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n');
    await modern.flush();
    await old.flush();
    expect(modern.messages).toMatchObject([{ headers: 'NATS/1.0\r\n\r\n', payload: Buffer.from('hi') }]);
    expect(old.messages).toMatchObject([{ headers: '', payload: Buffer.from('hi') }]);
  });
});

describe('authentication', () => {
  it.each([
    ['user and password', { user: 'u', pass: 'p' }, '{"user":"u","pass":"p"}'],
    ['a token', { token: 't' }, '{"auth_token":"t"}'],
  ])('lets in who shows the right %s', async (_, auth, shown) => {
    const peer = NatsPeer.silent(await startBroker({ auth }));
    peer.send(`CONNECT ${shown}\r\n`);
    await peer.flush();
    expect(peer.info).toMatchObject({ auth_required: true });
  });

  it.each([
    ['the wrong password', 'CONNECT {"user":"u","pass":"x"}\r\n'],
    ['nothing', 'CONNECT {}\r\n'],
    ['a token instead', 'CONNECT {"auth_token":"p"}\r\n'],
    ['another operation first', 'PING\r\n'],
  ])('turns away who shows %s', async (_, bytes) => {
    const peer = NatsPeer.silent(await startBroker({ auth: { user: 'u', pass: 'p' } }));
    peer.send(bytes);
    await peer.ended();
    expect(peer.errors).toEqual(["-ERR 'Authorization Violation'"]);
  });

  it('turns away who shows nothing in time', async () => {
    const broker = await startBroker({ auth: { token: 't' } });
    const peer = NatsPeer.silent(broker);
    await broker.advance('2s');
    await peer.ended();
    expect(peer.errors).toEqual(["-ERR 'Authentication Timeout'"]);
  });
});

describe('CONNECT', () => {
  it('changes what it names and leaves the rest as it was', async () => {
    const peer = NatsPeer.to(await startBroker());
    peer.send('CONNECT {"echo":false}\r\nSUB a 1\r\nPUB a 1\r\nx\r\n');
    peer.send('CONNECT null\r\nPUB a 1\r\nx\r\nCONNECT {"echo":true}\r\nPUB a 1\r\ny\r\n');
    await peer.flush();
    expect(peer.lines.slice(1)).toEqual([expect.stringMatching('^MSG'), 'PONG']);
    expect(peer.messages.map(({ payload }) => String(payload))).toEqual(['y']);
  });
});

describe('a silent connection', () => {
  it('is pinged, and kept while it answers', async () => {
    const broker = await startBroker();
    const peer = NatsPeer.to(broker);
    const answered = () => peer.lines.filter((line) => line === 'PING').length;
    for (let i = 1; i <= 4; i += 1) {
      await broker.advance('2m');
      expect(answered()).toBe(i);
      peer.send('PONG\r\n');
      await peer.flush();
    }
    expect(peer.isEnded).toBe(false);
  });

  it('is stale after two pings without an answer', async () => {
    const broker = await startBroker();
    const peer = NatsPeer.to(broker);
    await broker.advance('6m');
    await peer.ended();
    expect(peer.lines.slice(1)).toEqual(['PING', 'PING', "-ERR 'Stale Connection'"]);
  });
});
