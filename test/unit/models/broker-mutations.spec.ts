import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LmdbStore } from 'nestjs-stan/broker';
import type { StanBroker, Store } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';

import { NatsPeer } from '../broker/support/nats-peer.js';
import { encode, StanPeer } from '../broker/support/stan-peer.js';
import { startBroker } from '../broker/support/test-broker.js';
import { forMinutes, pick, randomFrom } from './mutation-source.js';
import type { Random } from './mutation-source.js';

/** Rounds of one test where no duration is asked for. */
const shortRounds = 150;
const names = ['x', 'y.z', '__proto__', 'constructor', 'a'.repeat(300), 'ü', 'x y', 'x\r\ny', '*', '>', '..', ''];
const inboxes = ['in.1', 'in.2', '_STAN.discover.test-cluster', '_STAN.pub.test-cluster.x', 'a b', 'a\r\nb', '>', ''];
const ids = ['evil', 'evil-2', '__proto__', 'c'.repeat(2_500), 'good', 'no id', ''];
const numbers = [0, 1, -1, 5, 2_147_483_647, -2_147_483_648];

/** One request of a client that knows the protocol and keeps to nothing. */
function request(random: Random): { readonly subject: string; readonly bytes: Buffer } {
  const clientId = pick(random, ids);
  const subject = pick(random, names);
  const inbox = pick(random, inboxes);
  const number = (): number => pick(random, numbers);
  const connId = Buffer.from(`conn-${clientId.slice(0, 10)}`);
  const requests: readonly (readonly [string, string, object])[] = [
    [
      '_STAN.discover.test-cluster',
      'ConnectRequest',
      { clientId, heartbeatInbox: inbox, protocol: number(), connId, pingInterval: number(), pingMaxOut: number() },
    ],
    ['_STAN.discover.test-cluster.pings', 'Ping', { connId }],
    [
      `_STAN.pub.test-cluster.${subject}`,
      'PubMsg',
      { clientId, guid: 'g', subject, connId, data: Buffer.alloc(random() % 3_000) },
    ],
    [
      '_STAN.sub.test-cluster',
      'SubscriptionRequest',
      {
        clientId,
        subject,
        inbox,
        qGroup: pick(random, ['', 'g', '__proto__', 'a:b']),
        durableName: pick(random, ['', 'd', '__proto__', 'a:b']),
        maxInFlight: number(),
        ackWaitInSecs: number(),
        startPosition: random() % 6,
        startSequence: Math.abs(number()),
        startTimeDelta: number(),
      },
    ],
    ['_STAN.unsub.test-cluster', 'UnsubscribeRequest', { clientId, subject, inbox }],
    ['_STAN.subclose.test-cluster', 'UnsubscribeRequest', { clientId, subject, inbox }],
    ['_STAN.close.test-cluster', 'CloseRequest', { clientId: clientId === 'good' ? 'evil' : clientId }],
  ];
  const [to, type, fields] = pick(random, requests);
  return { subject: to.replace(/[\s]/g, '_'), bytes: encode(type, fields as Record<string, unknown>) };
}

/** Changes, removes, doubles and adds bytes: nothing at all in half of the cases. */
function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated = Buffer.from(bytes);
  for (let changes = random() % 2 === 0 ? 0 : 1 + (random() % 4); changes > 0; changes -= 1) {
    const at = random() % (mutated.length + 1);
    const rest = mutated.subarray(at);
    const kinds = [
      () => Buffer.concat([mutated.subarray(0, at), rest.subarray(1)]),
      () => Buffer.concat([mutated.subarray(0, at), Buffer.from([random() % 256]), rest]),
      () => Buffer.concat([mutated.subarray(0, at), Buffer.from([random() % 256]), rest.subarray(1)]),
      () => Buffer.concat([mutated, rest]),
      () => mutated.subarray(0, at),
    ];
    mutated = pick(random, kinds)();
  }
  return mutated;
}

/** One frame of the NATS protocol that carries the request, changed as well now and then. */
function frame(random: Random): Buffer {
  const { subject, bytes } = request(random);
  const payload = mutate(random, bytes);
  const publish = Buffer.concat([
    Buffer.from(`PUB ${subject} answer ${String(payload.length)}\r\n`, 'latin1'),
    payload,
    Buffer.from('\r\n'),
  ]);
  const others = [
    'PING\r\n',
    'SUB in.* 1\r\n',
    'SUB > 2 3\r\n',
    'UNSUB 1 2\r\n',
    'CONNECT {"__proto__":{"verbose":1}}\r\n',
  ];
  const whole = random() % 5 === 0 ? Buffer.from(pick(random, others)) : publish;
  return random() % 8 === 0 ? mutate(random, whole) : whole;
}

async function attack(broker: StanBroker, random: Random): Promise<void> {
  const peer = NatsPeer.to(broker);
  peer.send('SUB answer 99\r\n');
  for (let i = 0; i < 10; i += 1) peer.send(frame(random));
  await broker.settle();
  peer.destroy();
}

interface ListedClient {
  readonly id: string;
  readonly hb_inbox: string;
}

describe.each([
  ['memory', (): 'memory' | Store => 'memory'],
  ['a file store', () => new LmdbStore({ directory: mkdtempSync(join(tmpdir(), 'stan-mutations-')) })],
])('a broker with %s under mutated frames', (_name, store) => {
  it('serves others, fails at nothing, and holds no more than its limits allow', async () => {
    const failures: string[] = [];
    const quiet = (): void => undefined;
    const broker = await startBroker({
      store: store(),
      monitoringPort: 0,
      heartbeatIntervalMs: 1_000,
      heartbeatTimeoutMs: 1_000,
      maxFailedHeartbeats: 1,
      limits: { maxChannels: 20, maxMessages: 100, maxSubscriptions: 20 },
      logger: {
        // A refusal is one line; a stack is a failure that something caught.
        error: (line) => {
          if (/\n\s+at /.test(line)) failures.push(line);
        },
        warn: quiet,
        info: quiet,
        debug: quiet,
      },
    });
    const good = await StanPeer.connected('good', broker);
    const { seed, random } = randomFrom(process.env['MODEL_SEED']);
    await forMinutes(shortRounds, async (round) => {
      await attack(broker, random);
      if (round % 25 !== 0) return;
      await broker.advance('5s');
      expect(await good.publish('good.news'), `seed ${String(seed)}`).toBe('');
      const pages = ['/healthz', '/streaming/clientsz?subs=1', '/streaming/channelsz?subs=1', '/streaming/serverz'];
      for (const page of pages) {
        expect((await fetch(`${broker.monitoringUrl ?? ''}${page}`)).status, `seed ${String(seed)}: ${page}`).toBe(200);
      }
      expect(failures, `seed ${String(seed)}`).toEqual([]);
    });
    await broker.advance('1m');
    const held = (await (await fetch(`${broker.monitoringUrl ?? ''}/streaming/serverz`)).json()) as Record<
      string,
      number
    >;
    expect(held['channels']).toBeLessThanOrEqual(20);
    expect(held['total_msgs']).toBeLessThanOrEqual(20 * 100);
    // [STAN-HB-4] The server answers an empty message to one of its own subjects, and so such a client stays.
    const isAnswered = ({ hb_inbox: inbox }: ListedClient): boolean =>
      inbox === good.heartbeatInbox || inbox.startsWith('_STAN.');
    const listed = await fetch(`${broker.monitoringUrl ?? ''}/streaming/clientsz?limit=100000`);
    const { clients } = (await listed.json()) as { readonly clients: readonly ListedClient[] };
    expect(
      clients.filter((client) => !isAnswered(client)),
      `seed ${String(seed)}: clients whose inbox nobody answers are gone`,
    ).toEqual([]);
  }, 600_000_000);
});
