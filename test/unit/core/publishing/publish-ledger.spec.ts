import { describe, expect, it } from 'vitest';
import {
  InvalidSubjectError,
  NotConnectedError,
  PayloadTooLargeError,
  PublishBufferFullError,
  PublishRefusedError,
  PublishTimeoutError,
  SessionLostError,
  StanClosedError,
} from '../../../../lib/core/errors/index.js';
import { publishOverheadBytes } from '../../../../lib/core/publishing/index.js';
import { nextTurn } from '../../../support/wait.js';
import { PublishDesk } from './publish-desk.js';

describe('a publish', () => {
  it('succeeds with a receipt once the server has acked it, and not before', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    await nextTurn();
    expect(published.timesTold).toBe(0);
    desk.attemptAt('a').ack();
    expect(published).toMatchObject({ error: undefined, timesTold: 1 });
    expect(published.receipt).toEqual({ guid: desk.driver.attempts[0]!.guid, subject: 'ticket:created', attempts: 1 });
  });

  it('fails at once when the server refuses it for good', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    desk.attemptAt('a').refuse(new PublishRefusedError('ticket:created', 'too many channels'));
    expect(published.error).toBeInstanceOf(PublishRefusedError);
    expect(published.error).toMatchObject({ reason: 'too many channels', mayBeStored: false });
    expect(desk.ledger.pendingCount).toBe(0);
  });

  it('waits for the first session when none has been', async () => {
    const desk = new PublishDesk();
    const published = desk.publish('a');
    expect(desk.sent).toEqual([]);
    await desk.driver.connect();
    expect(desk.sent).toEqual(['a']);
    desk.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(1);
  });

  it.each(['', 'a..b', '.a', 'a.', 'a.*', 'a.>', 'a b', 'a\r\nPUB x 0', 'a/b', 'x'.repeat(5_000)])(
    'is refused before anything is sent for the subject %j',
    async (subject) => {
      const desk = await PublishDesk.connected();
      const published = desk.publish('a', { subject });
      expect(published.timesTold).toBe(0);
      await nextTurn();
      expect(published.error).toBeInstanceOf(InvalidSubjectError);
      expect(desk.sent).toEqual([]);
    },
  );
});

describe('the size of a payload', () => {
  const limit = 2_000;

  it('may fill what the server takes to the last byte', async () => {
    const desk = await PublishDesk.connected({}, { maxPayloadBytes: limit });
    desk.publish('fits', { data: new Uint8Array(limit) });
    expect(desk.driver.attempts).toHaveLength(1);
  });

  it('is refused one byte above, with the largest payload in the error, and nothing is sent', async () => {
    const desk = await PublishDesk.connected({}, { maxPayloadBytes: limit });
    const published = desk.publish('too large', { data: new Uint8Array(limit + 1) });
    await nextTurn();
    expect(published.error).toBeInstanceOf(PayloadTooLargeError);
    expect(published.error).toMatchObject({ sizeBytes: limit + 1, limitBytes: limit });
    expect(desk.sent).toEqual([]);
  });

  it('is looked at again when the first session tells the limit', async () => {
    const desk = new PublishDesk({}, { maxPayloadBytes: limit });
    const [large, small] = [desk.publish('large', { data: new Uint8Array(limit + 1) }), desk.publish('small')];
    await desk.driver.connect();
    expect(large.error).toBeInstanceOf(PayloadTooLargeError);
    expect(desk.sent).toEqual(['small']);
    expect(small.timesTold).toBe(0);
  });

  it('is looked at again when a later session has a smaller limit', async () => {
    const desk = await PublishDesk.connected({}, { maxPayloadBytes: limit });
    const published = desk.publish('large', { data: new Uint8Array(limit) });
    desk.driver.loseSession();
    desk.driver.restoreSession({ maxPayloadBytes: limit - 1 });
    await nextTurn();
    expect(published.error).toBeInstanceOf(PayloadTooLargeError);
    expect(desk.driver.attempts).toHaveLength(1);
  });
});

describe('the window', () => {
  it('holds back what is past maxPublishInFlight, and lets one out for each ack', async () => {
    const desk = await PublishDesk.connected({ maxPublishInFlight: 2 });
    desk.publishAll('a', 'b', 'c', 'd');
    expect(desk.openTexts).toEqual(['a', 'b']);
    desk.attemptAt('b').ack();
    expect(desk.openTexts).toEqual(['a', 'c']);
    desk.attemptAt('a').ack();
    expect(desk.openTexts).toEqual(['c', 'd']);
    expect(desk.ledger.inFlightCount).toBe(2);
  });

  it('lets one out for each refusal and each timeout too', async () => {
    const desk = await PublishDesk.connected({ maxPublishInFlight: 1, publishTimeoutMs: 1_000 });
    desk.publish('a');
    desk.clock.advanceSync(500);
    desk.publishAll('b', 'c');
    desk.attemptAt('a').refuse();
    expect(desk.sent).toEqual(['a', 'b']);
    desk.clock.advanceSync(1_000);
    expect(desk.told.map(({ error }) => error?.code)).toEqual([
      'STAN_PUBLISH_REFUSED',
      'STAN_PUBLISH_TIMEOUT',
      'STAN_PUBLISH_TIMEOUT',
    ]);
  });

  it('stores 10 000 publishes that come at once, each once and in order', async () => {
    const desk = await PublishDesk.connected({}, { acksAtOnce: true });
    for (let index = 0; index < 10_000; index += 1) desk.publish(String(index));
    await desk.ledger.drain();
    expect(desk.driver.attempts).toHaveLength(10_000);
    expect(desk.told.every(({ receipt, timesTold }) => receipt?.attempts === 1 && timesTold === 1)).toBe(true);
    expect(desk.sent.every((text, index) => text === String(index))).toBe(true);
  });
});

describe('the buffer', () => {
  const options = { maxPendingPublishBytes: 3 * (publishOverheadBytes + 100), maxPublishInFlight: 1 };
  const data = new Uint8Array(100);

  it('refuses at once what does not fit, and takes more once there is room', async () => {
    const desk = await PublishDesk.connected(options);
    const [, , , fourth] = ['a', 'b', 'c', 'd'].map((name) => desk.publish(name, { data }));
    await nextTurn();
    expect(fourth?.error).toBeInstanceOf(PublishBufferFullError);
    expect(fourth?.error).toMatchObject({ limitBytes: options.maxPendingPublishBytes });
    desk.driver.openAttempts[0]!.ack();
    const fifth = desk.publish('e', { data });
    await nextTurn();
    expect(fifth.timesTold).toBe(0);
    expect(desk.ledger.pendingCount).toBe(3);
  });

  it('is empty again once everything is settled', async () => {
    const desk = await PublishDesk.connected(options);
    desk.publishAll('a', 'b');
    desk.driver.openAttempts[0]!.ack();
    desk.driver.openAttempts[0]!.refuse();
    expect(desk.ledger.pendingBytes).toBe(0);
  });
});

describe('when the session is lost', () => {
  it('sends everything that was not acked again in the next one, in order and before newer ones', async () => {
    const desk = await PublishDesk.connected({ maxPublishInFlight: 3 });
    const [a, b] = desk.publishAll('a', 'b', 'c', 'd');
    desk.attemptAt('b').ack();
    desk.driver.loseSession();
    desk.publish('e');
    expect(a!.timesTold).toBe(0);
    desk.driver.restoreSession();
    expect(desk.sent).toEqual(['a', 'b', 'c', 'd', 'a', 'c', 'd']);
    desk.attemptAt('a').ack();
    expect(a!.receipt?.attempts).toBe(2);
    expect(b!.receipt?.attempts).toBe(1);
    expect(desk.sent.at(-1)).toBe('e');
  });

  it('waits for the next session with a publish that the server refused since it no longer knows the client', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    desk.attemptAt('a').refuse(new SessionLostError('orders-0', 'the server no longer knows this client'));
    expect(published.timesTold).toBe(0);
    expect(desk.sent).toEqual(['a']);
    desk.driver.loseSession();
    desk.driver.restoreSession();
    desk.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(2);
  });

  it('does not count an attempt that never left the process', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    desk.attemptAt('a').fail('not-sent', new NotConnectedError('publish'));
    desk.driver.loseTransport();
    desk.driver.restoreTransport();
    desk.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(1);
  });

  it('does not send what has run out of time meanwhile', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const published = desk.publish('a');
    desk.driver.loseSession();
    desk.clock.advanceSync(1_000);
    desk.driver.restoreSession();
    expect(published.error).toBeInstanceOf(PublishTimeoutError);
    expect(desk.sent).toEqual(['a']);
  });
});

describe('when the transport is lost and the session lives on', () => {
  it('sends what was not acked again', async () => {
    const desk = await PublishDesk.connected();
    desk.publishAll('a', 'b');
    desk.driver.loseTransport();
    desk.publish('c');
    desk.driver.restoreTransport();
    expect(desk.sent).toEqual(['a', 'b', 'a', 'b', 'c']);
  });

  it('takes a late ack of the earlier attempt, and the ack of the later one changes nothing', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    const [first] = desk.driver.attempts;
    desk.driver.loseTransport();
    desk.driver.restoreTransport();
    first!.ack();
    expect(published.receipt).toEqual({ guid: first!.guid, subject: 'ticket:created', attempts: 2 });
    desk.attemptAt('a').ack();
    expect(published.timesTold).toBe(1);
  });

  it('goes on when the earlier attempt is refused, since the later one may be stored', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    const [first] = desk.driver.attempts;
    desk.driver.loseTransport();
    desk.driver.restoreTransport();
    first!.refuse(new PublishRefusedError('ticket:created', 'disk full'));
    expect(published.timesTold).toBe(0);
    desk.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(2);
  });

  it('lets the later attempt decide when the earlier one fails, and says that the first may have stored it', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    const [first] = desk.driver.attempts;
    desk.driver.loseTransport();
    desk.driver.restoreTransport();
    first!.fail('unknown', new SessionLostError('orders-0', 'gone'));
    expect(published.timesTold).toBe(0);
    desk.attemptAt('a').refuse(new PublishRefusedError('ticket:created', 'disk full'));
    expect(published.error).toMatchObject({ code: 'STAN_PUBLISH_REFUSED', reason: 'disk full', mayBeStored: true });
  });
});

describe('after publishTimeoutMs', () => {
  it('fails as certainly not stored when it was never sent', () => {
    const desk = new PublishDesk({ publishTimeoutMs: 1_000 });
    const published = desk.publish('a');
    desk.clock.advanceSync(999);
    expect(published.timesTold).toBe(0);
    desk.clock.advanceSync(1);
    expect(published.error).toBeInstanceOf(PublishTimeoutError);
    expect(published.error).toMatchObject({ attempts: 0, mayBeStored: false, timeoutMs: 1_000 });
  });

  it('fails as possibly stored when it was sent, and a late ack changes nothing', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const published = desk.publish('a');
    desk.clock.advanceSync(1_000);
    expect(published.error).toMatchObject({ attempts: 1, mayBeStored: true });
    desk.driver.attempts[0]!.ack();
    expect(published).toMatchObject({ receipt: undefined, timesTold: 1 });
  });

  it('fails as not stored when every attempt was refused', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const cause = new SessionLostError('orders-0', 'the server no longer knows this client');
    const published = desk.publish('a');
    desk.attemptAt('a').refuse(cause);
    desk.clock.advanceSync(1_000);
    expect(published.error).toMatchObject({ attempts: 1, mayBeStored: false, cause });
  });

  it('gives each publish its own full time', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const [first, second] = [desk.publish('a'), (desk.clock.advanceSync(600), desk.publish('b'))];
    desk.clock.advanceSync(400);
    expect([first.timesTold, second.timesTold]).toEqual([1, 0]);
    desk.clock.advanceSync(600);
    expect(second.timesTold).toBe(1);
  });

  it('uses one timer for all deadlines and one for all acks, which keep the process alive only while something is pending', async () => {
    const desk = await PublishDesk.connected();
    desk.publishAll('a', 'b', 'c');
    expect(desk.clock.pendingCount()).toBe(2);
    expect(desk.clock.keepsProcessAlive).toBe(true);
    for (const attempt of desk.driver.openAttempts) attempt.ack();
    expect(desk.clock.keepsProcessAlive).toBe(false);
    desk.publish('d');
    expect(desk.clock.keepsProcessAlive).toBe(true);
    desk.ledger.close();
    expect(desk.clock.pendingCount()).toBe(0);
  });
});

describe('when no session will come', () => {
  it('fails everything that is pending, oldest first, and what comes later at once', async () => {
    const desk = await PublishDesk.connected({ maxPublishInFlight: 1 });
    desk.publishAll('a', 'b');
    const cause = new SessionLostError('orders-0', 'replaced');
    desk.driver.giveUp(cause);
    expect(desk.told.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(desk.told[0]!.error).toMatchObject({ code: 'STAN_NOT_CONNECTED', mayBeStored: true, cause });
    expect(desk.told[1]!.error).toMatchObject({ code: 'STAN_NOT_CONNECTED', mayBeStored: false, cause });
    const later = desk.publish('c');
    await nextTurn();
    expect(later.error).toBeInstanceOf(NotConnectedError);
  });
});

describe('close', () => {
  it('fails everything that is pending and all that comes later, and stops listening', async () => {
    const desk = await PublishDesk.connected({ maxPublishInFlight: 1 });
    desk.publishAll('a', 'b');
    desk.ledger.close();
    desk.ledger.close();
    expect(desk.told.map(({ error }) => error)).toEqual([
      expect.objectContaining({ code: 'STAN_CLOSED', mayBeStored: true }),
      expect.objectContaining({ code: 'STAN_CLOSED', mayBeStored: false }),
    ]);
    const later = desk.publish('c');
    await nextTurn();
    expect(later.error).toBeInstanceOf(StanClosedError);
    expect(desk.driver.listenerCount).toBe(0);
    expect(desk.sent).toEqual(['a']);
  });

  it('comes by itself when the driver is closed', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    await desk.driver.close();
    expect(published.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: true });
    expect(desk.driver.listenerCount).toBe(0);
  });
});

describe('drain', () => {
  it('resolves once everything has its outcome', async () => {
    const desk = await PublishDesk.connected();
    let isDrained = false;
    desk.publishAll('a', 'b');
    const drained = desk.ledger.drain().then(() => (isDrained = true));
    desk.attemptAt('a').ack();
    await nextTurn();
    expect(isDrained).toBe(false);
    desk.attemptAt('b').refuse();
    await drained;
    await desk.ledger.drain();
  });
});

describe('a publisher that publishes again from its callback', () => {
  it('gets an outcome for each, also when everything fails', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    let again: string | undefined;
    desk.ledger.publish('ticket:created', Buffer.from('a'), {
      settle: () => {
        desk.ledger.publish('ticket:created', Buffer.from('b'), { settle: (error) => (again = error?.code) });
      },
    });
    desk.clock.advanceSync(1_000);
    expect(desk.sent).toEqual(['a', 'b']);
    desk.clock.advanceSync(1_000);
    expect(again).toBe('STAN_PUBLISH_TIMEOUT');
  });
});
