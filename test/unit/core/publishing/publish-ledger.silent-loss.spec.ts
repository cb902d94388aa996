import { describe, expect, it } from 'vitest';
import { PublishRefusedError, PublishTimeoutError } from '../../../../lib/core/errors/index.js';
import { LedgerHarness } from './ledger-harness.js';

const ackTimeoutMs = 1_000;
// The silence is measured in quarters: this long after the last sign, it has been noticed.
const noticedMs = 1_250;

const notLeader = new PublishRefusedError('ticket:created', 'node is not the leader', { retryable: true });

function connected(options = {}): Promise<LedgerHarness> {
  return LedgerHarness.connected({ ackTimeoutMs, publishTimeoutMs: 30_000, ...options });
}

describe('when acks do not come although the connection stands', () => {
  it('sends the oldest again, alone, and nothing new until its outcome', async () => {
    const harness = await connected();
    harness.publishAll('a', 'b', 'c');
    harness.clock.advanceSync(noticedMs);
    harness.publish('d');
    expect(harness.sent).toEqual(['a', 'b', 'c', 'a']);
  });

  it('sends all the rest again, in order and before new ones, once that attempt is acked', async () => {
    const harness = await connected();
    const [first] = harness.publishAll('a', 'b', 'c');
    harness.clock.advanceSync(noticedMs);
    harness.publish('d');
    harness.attemptAt('a').ack();
    expect(harness.sent).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'd']);
    expect(first?.receipt?.attempts).toBe(2);
  });

  it('sends nothing but that one attempt in vain to a server that is only slow', async () => {
    const harness = await connected();
    harness.publishAll('a', 'b', 'c');
    harness.clock.advanceSync(noticedMs);
    for (const attempt of harness.driver.openAttempts) attempt.ack();
    harness.publish('d');
    expect(harness.sent).toEqual(['a', 'b', 'c', 'a', 'd']);
    expect(harness.told.map(({ receipt }) => receipt?.attempts)).toEqual([2, 1, 1]);
  });

  it('counts an ack of the earlier attempt', async () => {
    const harness = await connected();
    const published = harness.publish('a');
    harness.clock.advanceSync(noticedMs);
    harness.driver.openAttempts[0]!.ack();
    expect(published.receipt).toEqual({ guid: 'guid-1', subject: 'ticket:created', attempts: 2 });
  });

  it('goes on with new ones where an ack ends the wait before the answer to the second attempt', async () => {
    const harness = await connected();
    harness.publish('a');
    harness.clock.advanceSync(noticedMs);
    harness.driver.openAttempts[0]!.ack();
    harness.publish('b');
    expect(harness.sent).toEqual(['a', 'a', 'b']);
  });

  it('backs off while the silence lasts, and ends at publishTimeoutMs', async () => {
    const harness = await connected({ publishTimeoutMs: 30_000 });
    const published = harness.publish('a');
    harness.clock.advanceSync(29_999);
    expect(harness.sent.length).toBeGreaterThan(4);
    expect(harness.sent.length).toBeLessThan(9);
    harness.clock.advanceSync(1);
    expect(published.error).toBeInstanceOf(PublishTimeoutError);
    expect(published.error).toMatchObject({ attempts: harness.sent.length, mayBeStored: true });
  });

  it('waits longer before each further attempt: one, two, four, then eight times ackTimeoutMs', async () => {
    const harness = await connected({ publishTimeoutMs: 60_000 });
    harness.publish('a');
    const seconds: number[] = [];
    for (let second = 0.25; second < 42; second += 0.25) {
      const before = harness.sent.length;
      harness.clock.advanceSync(250);
      if (harness.sent.length > before) seconds.push(second);
    }
    expect(seconds).toEqual([1.25, 2.25, 4.25, 8.25, 16.25, 24.25, 32.25, 40.25]);
  });

  it('makes no further attempt while the server acks the earlier ones slowly, one after the other', async () => {
    const harness = await connected();
    const names = Array.from({ length: 10 }, (_, index) => `e${index}`);
    harness.publishAll(...names);
    harness.clock.advanceSync(noticedMs);
    for (const attempt of harness.driver.openAttempts.slice(0, names.length)) {
      attempt.ack();
      harness.clock.advanceSync(900);
    }
    expect(harness.sent).toEqual([...names, 'e0']);
    expect(harness.told).toHaveLength(names.length);
  });

  it('does not doubt a server that acks slowly, one after the other', async () => {
    const harness = await connected();
    const names = Array.from({ length: 20 }, (_, index) => `e${index}`);
    harness.publishAll(...names);
    for (const name of names) {
      harness.clock.advanceSync(900);
      harness.attemptAt(name).ack();
    }
    expect(harness.sent).toEqual(names);
  });

  it('sends what waits where the one that had no ack runs out of time, and nothing else is under way', async () => {
    const harness = await connected({ publishTimeoutMs: 2_000 });
    harness.publish('a');
    harness.clock.advanceSync(noticedMs);
    harness.publish('b');
    expect(harness.sent).toEqual(['a', 'a']);
    harness.clock.advanceSync(2_000 - noticedMs);
    expect(harness.sent).toEqual(['a', 'a', 'b']);
  });

  it('notices a lost one while later ones are acked', async () => {
    const harness = await connected();
    harness.publishAll('lost', 'b');
    for (let turn = 0; turn < 5; turn += 1) {
      harness.driver.openAttempts.filter(({ text }) => text !== 'lost').forEach((attempt) => attempt.ack());
      harness.clock.advanceSync(250);
      harness.publish(`later-${turn}`);
    }
    expect(harness.sent.filter((name) => name === 'lost')).toHaveLength(2);
  });

  it('asks the driver whether the server answers', async () => {
    const harness = await connected();
    harness.publish('a');
    harness.clock.advanceSync(noticedMs);
    expect(harness.driver.calls.checkServer).toBe(1);
  });

  it('sends nothing to a server that does not answer, and the oldest as soon as it does', async () => {
    const harness = await connected();
    harness.publishAll('a', 'b');
    harness.driver.fallSilent();
    harness.clock.advanceSync(10_000);
    harness.publish('c');
    expect(harness.sent).toEqual(['a', 'b']);
    harness.driver.answerAgain();
    expect(harness.sent).toEqual(['a', 'b', 'a']);
    harness.attemptAt('a').ack();
    expect(harness.sent).toEqual(['a', 'b', 'a', 'b', 'c']);
  });

  it('sends no other again where the server, after a silence, acks the first attempts', async () => {
    const harness = await connected();
    harness.publishAll('a', 'b');
    harness.driver.fallSilent();
    harness.clock.advanceSync(5_000);
    harness.driver.answerAgain();
    for (const attempt of harness.driver.openAttempts.slice(0, 2)) attempt.ack();
    expect(harness.sent).toEqual(['a', 'b', 'a']);
    expect(harness.told.map(({ receipt }) => receipt?.attempts)).toEqual([2, 1]);
  });

  it('sends what came meanwhile at once where nothing was under way', async () => {
    const harness = await connected();
    harness.driver.fallSilent();
    harness.publishAll('a', 'b');
    harness.driver.answerAgain();
    expect(harness.sent).toEqual(['a', 'b']);
  });

  it('waits again from the start after the connection was made again', async () => {
    const harness = await connected();
    harness.publishAll('a', 'b');
    harness.clock.advanceSync(noticedMs);
    harness.driver.loseTransport();
    harness.driver.restoreTransport();
    expect(harness.sent).toEqual(['a', 'b', 'a', 'a', 'b']);
    harness.publish('c');
    expect(harness.sent.at(-1)).toBe('c');
  });
});

describe('a refusal that belongs to a fail-over', () => {
  it('is no outcome: the publish is sent again', async () => {
    const harness = await connected();
    const published = harness.publish('a');
    harness.attemptAt('a').refuse(notLeader);
    expect(published.timesTold).toBe(0);
    harness.clock.advanceSync(250);
    harness.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(2);
  });

  it('of a whole window is followed by one attempt, then by the rest in order', async () => {
    const harness = await connected();
    harness.publishAll('a', 'b', 'c');
    for (const attempt of harness.driver.openAttempts) attempt.refuse(notLeader);
    expect(harness.sent).toEqual(['a', 'b', 'c']);
    harness.clock.advanceSync(250);
    expect(harness.sent).toEqual(['a', 'b', 'c', 'a']);
    harness.attemptAt('a').ack();
    expect(harness.sent).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('holds up no later publish where it runs out of time before it is sent again', async () => {
    const harness = await connected({ publishTimeoutMs: 2_000 });
    harness.publish('a');
    harness.clock.advanceSync(1_999);
    harness.attemptAt('a').refuse(notLeader);
    harness.publish('b');
    harness.clock.advanceSync(1);
    expect(harness.openTexts.at(-1)).toBe('b');
  });

  it('backs off where the next attempt is refused too', async () => {
    const harness = await connected();
    harness.publish('a');
    harness.attemptAt('a').refuse(notLeader);
    harness.clock.advanceSync(250);
    harness.attemptAt('a').refuse(notLeader);
    harness.clock.advanceSync(750);
    expect(harness.sent).toEqual(['a', 'a']);
    harness.clock.advanceSync(250);
    expect(harness.sent).toEqual(['a', 'a', 'a']);
  });

  it('is the cause of the timeout that follows, which says whether the event may be stored', async () => {
    const harness = await connected({ publishTimeoutMs: 200 });
    const [refused, doubtful] = harness.publishAll('a', 'b');
    harness.attemptAt('a').refuse(notLeader);
    harness.attemptAt('b').fail('unknown', notLeader);
    harness.clock.advanceSync(200);
    expect(refused?.error).toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT', mayBeStored: false, cause: notLeader });
    expect(doubtful?.error).toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT', mayBeStored: true, cause: notLeader });
  });
});
