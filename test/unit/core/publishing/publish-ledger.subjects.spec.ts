// A broker that keeps each subject by itself: one may be without a leader while others are well.
import { describe, expect, it } from 'vitest';
import { PublishRefusedError } from '../../../../lib/core/errors/index.js';
import { LedgerHarness } from './ledger-harness.js';

const ackTimeoutMs = 1_000;
const noticedMs = 1_250;
const dead = { subject: 'dead' };
const noStream = new PublishRefusedError('dead', 'no stream accepts it at the moment', { retryable: true });

function connected(options = {}): Promise<LedgerHarness> {
  return LedgerHarness.connected({ ackTimeoutMs, publishTimeoutMs: 30_000, ...options }, { ordersAcksBySubject: true });
}

const ackAll = (harness: LedgerHarness, subject: string): void =>
  harness.driver.openAttempts.filter((attempt) => attempt.subject === subject).forEach((attempt) => attempt.ack());

describe('a subject whose acks do not come', () => {
  it('holds up no publish to another', async () => {
    const harness = await connected();
    harness.publish('a', dead);
    harness.clock.advanceSync(noticedMs);
    harness.publish('b', dead);
    const other = harness.publish('c');
    expect(harness.sent).toEqual(['a', 'a', 'c']);
    harness.attemptAt('c').ack();
    expect(other.receipt?.attempts).toBe(1);
  });

  it('holds up none where it refuses instead', async () => {
    const harness = await connected();
    harness.publish('a', dead);
    harness.attemptAt('a').refuse(noStream);
    harness.publish('b', dead);
    harness.publish('c');
    expect(harness.sent).toEqual(['a', 'c']);
    harness.clock.advanceSync(250);
    expect(harness.sent).toEqual(['a', 'c', 'a']);
  });

  it('is not taken for lost by the ack of another', async () => {
    const harness = await connected();
    harness.publish('a', dead);
    harness.publish('b', dead);
    harness.clock.advanceSync(noticedMs);
    harness.publish('c');
    ackAll(harness, 'ticket:created');
    expect(harness.sent).toEqual(['a', 'b', 'a', 'c']);
    harness.attemptAt('a').ack();
    expect(harness.sent).toEqual(['a', 'b', 'a', 'c', 'b']);
  });

  it('takes no room in the window from the time on when that is noticed', async () => {
    const harness = await connected({ maxPublishInFlight: 2 });
    harness.publish('a', dead);
    harness.publish('b', dead);
    harness.publish('c');
    harness.publish('d');
    harness.publish('e');
    expect(harness.sent).toEqual(['a', 'b']);
    harness.clock.advanceSync(noticedMs);
    expect(harness.sent).toEqual(['a', 'b', 'a', 'c', 'd']);
    harness.attemptAt('c').ack();
    expect(harness.sent).toEqual(['a', 'b', 'a', 'c', 'd', 'e']);
  });

  it('takes its room in the window again once it answers', async () => {
    const harness = await connected({ maxPublishInFlight: 2 });
    harness.publish('a', dead);
    harness.publish('b', dead);
    harness.clock.advanceSync(noticedMs);
    harness.publish('c');
    harness.attemptAt('a').ack();
    harness.publish('d');
    expect(harness.sent).toEqual(['a', 'b', 'a', 'c', 'b']);
    harness.attemptAt('c').ack();
    expect(harness.sent.at(-1)).toBe('d');
  });

  it('fails at its time limit, while others are stored', async () => {
    const harness = await connected({ publishTimeoutMs: 5_000 });
    const lost = harness.publish('a', dead);
    for (let turn = 0; turn < 20; turn += 1) {
      harness.publish(`c${turn}`);
      ackAll(harness, 'ticket:created');
      harness.clock.advanceSync(250);
    }
    expect(lost.error?.code).toBe('STAN_PUBLISH_TIMEOUT');
    expect(harness.told.filter(({ error }) => error === undefined)).toHaveLength(20);
    expect(harness.ledger.pendingCount).toBe(0);
    expect(harness.ledger.inFlightCount).toBe(0);
    expect(harness.ledger.pendingBytes).toBe(0);
  });
});

describe('publishes to several subjects', () => {
  it('take turns where the window is full', async () => {
    const harness = await connected({ maxPublishInFlight: 1 });
    for (const name of ['a1', 'a2', 'a3']) harness.publish(name, { subject: 'a' });
    for (const name of ['b1', 'b2']) harness.publish(name, { subject: 'b' });
    for (let turn = 0; turn < 5; turn += 1) harness.driver.openAttempts[0]?.ack();
    expect(harness.sent).toEqual(['a1', 'a2', 'b1', 'a3', 'b2']);
    expect(harness.ledger.pendingCount).toBe(0);
  });

  it('are sent again after a lost connection, each in its order and before what waits', async () => {
    const harness = await connected({ maxPublishInFlight: 4 });
    for (const name of ['1', '2', '3']) {
      harness.publish(`a${name}`, { subject: 'a' });
      harness.publish(`b${name}`, { subject: 'b' });
    }
    expect(harness.sent).toEqual(['a1', 'b1', 'a2', 'b2']);
    harness.driver.loseTransport();
    harness.driver.restoreTransport();
    const again = harness.sent.slice(4);
    expect(again).toEqual(['a1', 'a2', 'b1', 'b2']);
    for (let turn = 0; turn < 10; turn += 1) harness.driver.openAttempts.forEach((attempt) => attempt.ack());
    const last = harness.sent.slice(8);
    expect([...last].sort()).toEqual(['a3', 'b3']);
    expect(harness.ledger.pendingCount).toBe(0);
  });

  it('all get their outcome, however many subjects there are', async () => {
    const harness = await connected({ maxPublishInFlight: 100 });
    const names = Array.from({ length: 1_500 }, (_, index) => `e${index}`);
    for (const name of names) harness.publish(name, { subject: name });
    while (harness.driver.openAttempts.length > 0) harness.driver.openAttempts[0]!.ack();
    expect(harness.told).toHaveLength(names.length);
    await harness.ledger.drain();
    harness.clock.advanceSync(60_000);
    expect(harness.clock.pendingCount()).toBe(0);
  });

  it('fail all when the client is closed', async () => {
    const harness = await connected({ maxPublishInFlight: 1 });
    harness.publish('a', { subject: 'a' });
    harness.publish('b', { subject: 'b' });
    harness.ledger.close();
    expect(harness.told.map(({ name, error }) => [name, error?.code])).toEqual([
      ['a', 'STAN_CLOSED'],
      ['b', 'STAN_CLOSED'],
    ]);
    expect(harness.clock.pendingCount()).toBe(0);
  });
});
