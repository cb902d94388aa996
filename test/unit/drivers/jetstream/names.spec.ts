import { describe, expect, it } from 'vitest';
import { AckSubject } from '../../../../lib/drivers/jetstream/ack-subject.js';
import { consumerNameOf, streamNameOf } from '../../../../lib/drivers/jetstream/jetstream-names.js';
import { JetStreamPublisher } from '../../../../lib/drivers/jetstream/jetstream-publisher.js';

describe('the name of a stream', () => {
  it.each([
    ['ticket:created', 'ticket_3a_created'],
    ['orders.eu', 'orders_2e_eu'],
    ['a_b', 'a_5f_b'],
    ['a-b9', 'a-b9'],
    ['créé', 'cr_e9__e9_'],
  ])('of "%s" is "%s"', (subject, name) => {
    expect(streamNameOf(subject)).toBe(name);
  });

  it('is another one for each subject', () => {
    const subjects = ['a:b', 'a_3a_b', 'a.b', 'a_b', 'a-b', 'ab'];
    expect(new Set(subjects.map(streamNameOf)).size).toBe(subjects.length);
  });
});

describe('the name of a consumer', () => {
  const base = { clientId: 'orders-0', subject: 'a', queueGroup: undefined, durableName: undefined };

  it('is shared by a group, whoever its members are', () => {
    const name = consumerNameOf({ ...base, queueGroup: 'g', durableName: 'd' });
    expect(consumerNameOf({ ...base, clientId: 'orders-1', queueGroup: 'g', durableName: 'd' })).toBe(name);
    expect(consumerNameOf({ ...base, queueGroup: 'g' })).not.toBe(name);
  });

  it('belongs to the client id where there is no group, and does not stay without a durable', () => {
    const name = consumerNameOf({ ...base, durableName: 'd' });
    expect(consumerNameOf({ ...base, clientId: 'orders-1', durableName: 'd' })).not.toBe(name);
    expect(consumerNameOf(base)).toBeUndefined();
  });
});

describe('the reply subject of a delivery', () => {
  /** As it comes: in the middle of other bytes. */
  const readFrom = (subject: AckSubject, reply: string): boolean =>
    subject.read(Buffer.from(`.1.${reply}.2.`), 3, 3 + reply.length);
  const facts = { deliveries: 3, sequence: 17, timestampNs: 1_700_000_000_000_000_000 };

  it.each([
    ['short', '$JS.ACK.stream.consumer.3.17.20.1700000000000000000.5'],
    ['with domain and account', '$JS.ACK.hub.hash.stream.consumer.3.17.20.1700000000000000000.5'],
    ['with a token more', '$JS.ACK._.hash.stream.consumer.3.17.20.1700000000000000000.5.random'],
  ])('is read in its form %s', (_form, reply) => {
    const subject = new AckSubject();
    expect(readFrom(subject, reply)).toBe(true);
    expect(subject).toMatchObject(facts);
  });

  it.each(['', '_INBOX.a.b', '$JS.ACK.stream.consumer.3', '$JS.ACK.s.c.x.y.z.w.v'])(
    'is none where it is "%s"',
    (reply) => {
      expect(readFrom(new AckSubject(), reply)).toBe(false);
    },
  );
});

describe('the most data of an event', () => {
  it('leaves room for the headers that go with it', () => {
    expect(JetStreamPublisher.maxDataBytes(1_000, 0)).toBe(920);
    expect(JetStreamPublisher.maxDataBytes(1_000, 100)).toBe(804);
  });
});
