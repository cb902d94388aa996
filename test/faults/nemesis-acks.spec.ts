import { describe, expect, it } from 'vitest';
import { HistoryWriter } from './history-writer.js';
import type { HandlerRecord } from './nemesis/history.js';
import { consumers } from './nemesis/history.js';
import { checkAcks, countAcks, publishesIn } from './nemesis/sent-acks.js';

const violationsOf = ({ records }: HistoryWriter): readonly string[] => checkAcks(records).violations;

describe('the check of the acks that leave the consumers', () => {
  it('finds nothing where each handler had finished, and counts them', () => {
    const sound = new HistoryWriter().published(1).handledByAll(1).acked(1).acked(1);
    expect(violationsOf(sound)).toEqual([]);
    expect(countAcks(sound.records)).toBe(2);
  });

  it.each(['none', 'failed'] as const)('finds an ack of a handler that has not finished (%s)', (end) => {
    const early = new HistoryWriter().published(1).handled(1, {}, end).acked(1);
    expect(violationsOf(early)).toEqual([expect.stringContaining('sequence 1 at group in consumer-1#1 was acked at')]);
  });

  it('finds an ack that came before the end of its handler', () => {
    const early = new HistoryWriter().published(1).acked(1).handled(1);
    expect(violationsOf(early)).toHaveLength(1);
  });

  it.each<[string, Partial<HandlerRecord>]>([
    ['another process', { process: consumers[1] }],
    ['another start of the process', { incarnation: 2 }],
    ['another subscription', { subscription: 'audit' }],
    ['another sequence', { sequence: 2 }],
  ])('is not satisfied by a handler of %s', (_, how) => {
    const foreign = new HistoryWriter().published(1).handled(1, how).acked(1);
    expect(violationsOf(foreign)).toHaveLength(1);
  });

  it('lets a subscription without a durable pass over what came before it, and nothing later', () => {
    const watching = () => new HistoryWriter().published(5).handled(5, { subscription: 'watch' });
    expect(violationsOf(watching().acked(4, { subscription: 'watch' }))).toEqual([]);
    expect(violationsOf(watching().acked(6, { subscription: 'watch' }))).toHaveLength(1);
    expect(violationsOf(watching().acked(4))).toHaveLength(1);
    expect(violationsOf(watching().acked(4, { subscription: 'watch', incarnation: 2 }))).toEqual([]);
  });

  it("judges each life of the server's state by itself", () => {
    const watch = { subscription: 'watch' } as const;
    const twoLives = new HistoryWriter().published(5).handled(5, watch).acked(4, watch);
    twoLives.restartedWithoutState().rest(1_000).handled(2, watch);
    expect(violationsOf(twoLives)).toEqual([]);
    expect(violationsOf(twoLives.acked(4, watch))).toHaveLength(1);
  });

  it('finds that no ack was seen at all', () => {
    expect(violationsOf(new HistoryWriter().published(1).handledByAll(1))).toEqual([
      'no ack was seen of all that was handled',
    ]);
  });

  it('sees each of several commands that are written at once', () => {
    const bytes = Buffer.from(
      'PING\r\nPUB _INBOX.a 4\r\nPUB \r\nSUB x 1\r\nPUB _STAN.pub _INBOX.r 0\r\n\r\nPUB _INBOX.b 2\r\nhi\r\n',
    );
    expect([...publishesIn(bytes)].map(([subject, payload]) => [subject, payload.toString()])).toEqual([
      ['_INBOX.a', 'PUB '],
      ['_STAN.pub', ''],
      ['_INBOX.b', 'hi'],
    ]);
  });
});
