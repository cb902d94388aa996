import { describe, expect, it } from 'vitest';
import { PublishRefusedError, PublishTimeoutError } from '../../../../lib/core/errors/index.js';
import { PublishDesk } from './publish-desk.js';

const ackTimeoutMs = 1_000;
// The silence is measured in quarters: this long after the last sign, it has been noticed.
const noticedMs = 1_250;

const notLeader = new PublishRefusedError('ticket:created', 'node is not the leader', { retryable: true });

function connected(options = {}): Promise<PublishDesk> {
  return PublishDesk.connected({ ackTimeoutMs, publishTimeoutMs: 30_000, ...options });
}

describe('when acks do not come although the connection stands', () => {
  it('sends the oldest again, alone, and nothing new until its outcome', async () => {
    const desk = await connected();
    desk.publishAll('a', 'b', 'c');
    desk.clock.advanceSync(noticedMs);
    desk.publish('d');
    expect(desk.sent).toEqual(['a', 'b', 'c', 'a']);
  });

  it('sends all the rest again, in order and before new ones, once that attempt is acked', async () => {
    const desk = await connected();
    const [first] = desk.publishAll('a', 'b', 'c');
    desk.clock.advanceSync(noticedMs);
    desk.publish('d');
    desk.attemptAt('a').ack();
    expect(desk.sent).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'd']);
    expect(first?.receipt?.attempts).toBe(2);
  });

  it('sends nothing but that one attempt in vain to a server that is only slow', async () => {
    const desk = await connected();
    desk.publishAll('a', 'b', 'c');
    desk.clock.advanceSync(noticedMs);
    for (const attempt of desk.driver.openAttempts) attempt.ack();
    desk.publish('d');
    expect(desk.sent).toEqual(['a', 'b', 'c', 'a', 'd']);
    expect(desk.told.map(({ receipt }) => receipt?.attempts)).toEqual([2, 1, 1]);
  });

  it('counts an ack of the earlier attempt', async () => {
    const desk = await connected();
    const published = desk.publish('a');
    desk.clock.advanceSync(noticedMs);
    desk.driver.openAttempts[0]!.ack();
    expect(published.receipt).toEqual({ guid: 'guid-1', subject: 'ticket:created', attempts: 2 });
  });

  it('goes on with new ones where an ack ends the wait before the answer to the second attempt', async () => {
    const desk = await connected();
    desk.publish('a');
    desk.clock.advanceSync(noticedMs);
    desk.driver.openAttempts[0]!.ack();
    desk.publish('b');
    expect(desk.sent).toEqual(['a', 'a', 'b']);
  });

  it('backs off while the silence lasts, and ends at publishTimeoutMs', async () => {
    const desk = await connected({ publishTimeoutMs: 30_000 });
    const published = desk.publish('a');
    desk.clock.advanceSync(29_999);
    expect(desk.sent.length).toBeGreaterThan(4);
    expect(desk.sent.length).toBeLessThan(9);
    desk.clock.advanceSync(1);
    expect(published.error).toBeInstanceOf(PublishTimeoutError);
    expect(published.error).toMatchObject({ attempts: desk.sent.length, mayBeStored: true });
  });

  it('waits longer before each further attempt: one, two, four, then eight times ackTimeoutMs', async () => {
    const desk = await connected({ publishTimeoutMs: 60_000 });
    desk.publish('a');
    const seconds: number[] = [];
    for (let second = 0.25; second < 42; second += 0.25) {
      const before = desk.sent.length;
      desk.clock.advanceSync(250);
      if (desk.sent.length > before) seconds.push(second);
    }
    expect(seconds).toEqual([1.25, 2.25, 4.25, 8.25, 16.25, 24.25, 32.25, 40.25]);
  });

  it('makes no further attempt while the server acks the earlier ones slowly, one after the other', async () => {
    const desk = await connected();
    const names = Array.from({ length: 10 }, (_, index) => `e${index}`);
    desk.publishAll(...names);
    desk.clock.advanceSync(noticedMs);
    for (const attempt of desk.driver.openAttempts.slice(0, names.length)) {
      attempt.ack();
      desk.clock.advanceSync(900);
    }
    expect(desk.sent).toEqual([...names, 'e0']);
    expect(desk.told).toHaveLength(names.length);
  });

  it('does not doubt a server that acks slowly, one after the other', async () => {
    const desk = await connected();
    const names = Array.from({ length: 20 }, (_, index) => `e${index}`);
    desk.publishAll(...names);
    for (const name of names) {
      desk.clock.advanceSync(900);
      desk.attemptAt(name).ack();
    }
    expect(desk.sent).toEqual(names);
  });

  it('notices a lost one while later ones are acked', async () => {
    const desk = await connected();
    desk.publishAll('lost', 'b');
    for (let turn = 0; turn < 5; turn += 1) {
      desk.driver.openAttempts.filter(({ text }) => text !== 'lost').forEach((attempt) => attempt.ack());
      desk.clock.advanceSync(250);
      desk.publish(`later-${turn}`);
    }
    expect(desk.sent.filter((name) => name === 'lost')).toHaveLength(2);
  });

  it('asks the driver whether the server answers', async () => {
    const desk = await connected();
    desk.publish('a');
    desk.clock.advanceSync(noticedMs);
    expect(desk.driver.calls.checkServer).toBe(1);
  });

  it('sends nothing to a server that does not answer, and the oldest as soon as it does', async () => {
    const desk = await connected();
    desk.publishAll('a', 'b');
    desk.driver.fallSilent();
    desk.clock.advanceSync(10_000);
    desk.publish('c');
    expect(desk.sent).toEqual(['a', 'b']);
    desk.driver.answerAgain();
    expect(desk.sent).toEqual(['a', 'b', 'a']);
    desk.attemptAt('a').ack();
    expect(desk.sent).toEqual(['a', 'b', 'a', 'b', 'c']);
  });

  it('sends no other again where the server, after a silence, acks the first attempts', async () => {
    const desk = await connected();
    desk.publishAll('a', 'b');
    desk.driver.fallSilent();
    desk.clock.advanceSync(5_000);
    desk.driver.answerAgain();
    for (const attempt of desk.driver.openAttempts.slice(0, 2)) attempt.ack();
    expect(desk.sent).toEqual(['a', 'b', 'a']);
    expect(desk.told.map(({ receipt }) => receipt?.attempts)).toEqual([2, 1]);
  });

  it('sends what came meanwhile at once where nothing was under way', async () => {
    const desk = await connected();
    desk.driver.fallSilent();
    desk.publishAll('a', 'b');
    desk.driver.answerAgain();
    expect(desk.sent).toEqual(['a', 'b']);
  });

  it('waits again from the start after the connection was made again', async () => {
    const desk = await connected();
    desk.publishAll('a', 'b');
    desk.clock.advanceSync(noticedMs);
    desk.driver.loseTransport();
    desk.driver.restoreTransport();
    expect(desk.sent).toEqual(['a', 'b', 'a', 'a', 'b']);
    desk.publish('c');
    expect(desk.sent.at(-1)).toBe('c');
  });
});

describe('a refusal that belongs to a fail-over', () => {
  it('is no outcome: the publish is sent again', async () => {
    const desk = await connected();
    const published = desk.publish('a');
    desk.attemptAt('a').refuse(notLeader);
    expect(published.timesTold).toBe(0);
    desk.clock.advanceSync(250);
    desk.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(2);
  });

  it('of a whole window is followed by one attempt, then by the rest in order', async () => {
    const desk = await connected();
    desk.publishAll('a', 'b', 'c');
    for (const attempt of desk.driver.openAttempts) attempt.refuse(notLeader);
    expect(desk.sent).toEqual(['a', 'b', 'c']);
    desk.clock.advanceSync(250);
    expect(desk.sent).toEqual(['a', 'b', 'c', 'a']);
    desk.attemptAt('a').ack();
    expect(desk.sent).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('backs off where the next attempt is refused too', async () => {
    const desk = await connected();
    desk.publish('a');
    desk.attemptAt('a').refuse(notLeader);
    desk.clock.advanceSync(250);
    desk.attemptAt('a').refuse(notLeader);
    desk.clock.advanceSync(750);
    expect(desk.sent).toEqual(['a', 'a']);
    desk.clock.advanceSync(250);
    expect(desk.sent).toEqual(['a', 'a', 'a']);
  });

  it('is the cause of the timeout that follows, which says whether the event may be stored', async () => {
    const desk = await connected({ publishTimeoutMs: 200 });
    const [refused, doubtful] = desk.publishAll('a', 'b');
    desk.attemptAt('a').refuse(notLeader);
    desk.attemptAt('b').fail('unknown', notLeader);
    desk.clock.advanceSync(200);
    expect(refused?.error).toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT', mayBeStored: false, cause: notLeader });
    expect(doubtful?.error).toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT', mayBeStored: true, cause: notLeader });
  });
});
