import type { BrokerEvent, BrokerLogger } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';

import type { PeerBroker } from '../support/stan-peer.js';
import { decode, encode, StanPeer } from '../support/stan-peer.js';
import { startBroker } from '../support/test-broker.js';

describe('what a broker tells its observers', () => {
  it('is everything that happened to an event, in its order', async () => {
    const broker = await startBroker();
    const events: BrokerEvent[] = [];
    const end = broker.observe((event) => events.push(event));
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x', { queueGroup: 'q', durableName: 'd', ackWaitSecs: 5 });
    await peer.publish('x', 'hello');
    await broker.advance('5s');
    subscription.ack(1);
    await subscription.close();
    await peer.publish('x.*');
    await peer.close();
    end();
    await peer.connect();

    const facts = { channel: 'x', clientId: 'a', subscriptionId: 1, queueGroup: 'd:q', durableName: '' };
    expect(events).toEqual([
      { type: 'clientConnected', clientId: 'a', replaced: false },
      { type: 'channelCreated', channel: 'x' },
      { type: 'subscribed', resumed: false, ...facts },
      { type: 'published', channel: 'x', clientId: 'a', sequence: 1, data: Buffer.from('hello'), reply: '' },
      { type: 'delivered', sequence: 1, redeliveryCount: 0, ...facts },
      { type: 'delivered', sequence: 1, redeliveryCount: 1, ...facts },
      { type: 'acked', sequence: 1, ...facts },
      { type: 'subscriptionClosed', ...facts },
      { type: 'publishRefused', channel: 'x.*', clientId: 'a', error: 'stan: invalid publish request' },
      { type: 'clientClosed', clientId: 'a', reason: 'request' },
    ]);
  });

  it('reaches the others, and the clients, although one of them throws and one rejects', async () => {
    const reported: string[] = [];
    const quiet = (): void => undefined;
    const logger = { error: (text: string) => reported.push(text), warn: quiet, info: quiet, debug: quiet };
    const broker = await startBroker({ logger });
    const seen: string[] = [];
    broker.observe(() => {
      throw new Error('observer');
    });
    const rejecting: () => unknown = () => Promise.reject(new Error('async observer'));
    broker.observe(rejecting);
    broker.observe(({ type }) => seen.push(type));
    const peer = await StanPeer.connected('a', broker);
    const subscription = await peer.subscribe('x');
    expect(await peer.publish('x')).toBe('');
    expect(subscription.sequences).toEqual([1]);
    expect(seen).toEqual(['clientConnected', 'channelCreated', 'subscribed', 'published', 'delivered']);
    expect(reported.every((text) => text.includes('observer'))).toBe(true);
    expect(reported.filter((text) => text.includes('async observer'))).toHaveLength(seen.length);
  });
});

describe("the broker's logger", () => {
  const id = 'a\n[ERR] STREAM: forged\u001b[2J';

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the log is gone');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the log is gone'))],
  ])('may be one that %s: clients are served', async (_what, write) => {
    const logger = { error: write, warn: write, info: write, debug: write } as BrokerLogger;
    const broker = await startBroker({ logger });
    await connectAs(id, broker);
    const peer = await StanPeer.connected('b', broker);
    expect(await peer.publish('x')).toBe('');
  });

  it('gets each message on one line, whatever a client calls itself', async () => {
    const lines: string[] = [];
    const keep = (text: string): void => void lines.push(text);
    const broker = await startBroker({ logger: { error: keep, warn: keep, info: keep, debug: keep } });
    await connectAs(id, broker);
    expect(lines).toContainEqual(
      expect.stringContaining('[client a\\n[ERR] STREAM: forged\\u001b[2J] connect refused'),
    );
    // eslint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/);
  });
});

/** Asks for a session under a client id that no server takes. */
async function connectAs(clientId: string, broker: PeerBroker): Promise<void> {
  const peer = new StanPeer('p', broker);
  const request = encode('ConnectRequest', { clientId, heartbeatInbox: peer.heartbeatInbox });
  const answer = await peer.request('_STAN.discover.test-cluster', request);
  expect(decode('ConnectResponse', answer).get('error')).not.toBe('');
}
