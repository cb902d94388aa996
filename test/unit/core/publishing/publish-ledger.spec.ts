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
import { LedgerHarness } from './ledger-harness.js';

describe('a publish', () => {
  it('succeeds with a receipt once the server has acked it, and not before', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    await nextTurn();
    expect(published.timesTold).toBe(0);
    harness.attemptAt('a').ack();
    expect(published).toMatchObject({ error: undefined, timesTold: 1 });
    expect(published.receipt).toEqual({
      guid: harness.driver.attempts[0]!.guid,
      subject: 'ticket:created',
      attempts: 1,
    });
  });

  it('fails at once when the server refuses it for good', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    harness.attemptAt('a').refuse(new PublishRefusedError('ticket:created', 'too many channels'));
    expect(published.error).toBeInstanceOf(PublishRefusedError);
    expect(published.error).toMatchObject({ reason: 'too many channels', mayBeStored: false });
    expect(harness.ledger.pendingCount).toBe(0);
  });

  it('waits for the first session when none has been', async () => {
    const harness = new LedgerHarness();
    const published = harness.publish('a');
    expect(harness.sent).toEqual([]);
    await harness.driver.connect();
    expect(harness.sent).toEqual(['a']);
    harness.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(1);
  });

  it.each(['', 'a..b', '.a', 'a.', 'a.*', 'a.>', 'a b', 'a\r\nPUB x 0', 'a/b', 'x'.repeat(5_000)])(
    'is refused before anything is sent for the subject %j',
    async (subject) => {
      const harness = await LedgerHarness.connected();
      const published = harness.publish('a', { subject });
      expect(published.timesTold).toBe(0);
      await nextTurn();
      expect(published.error).toBeInstanceOf(InvalidSubjectError);
      expect(harness.sent).toEqual([]);
    },
  );
});

describe('the size of a payload', () => {
  const limit = 2_000;

  it('may fill what the server takes to the last byte', async () => {
    const harness = await LedgerHarness.connected({}, { maxPayloadBytes: limit });
    harness.publish('fits', { data: new Uint8Array(limit) });
    expect(harness.driver.attempts).toHaveLength(1);
  });

  it('is refused one byte above, with the largest payload in the error, and nothing is sent', async () => {
    const harness = await LedgerHarness.connected({}, { maxPayloadBytes: limit });
    const published = harness.publish('too large', { data: new Uint8Array(limit + 1) });
    await nextTurn();
    expect(published.error).toBeInstanceOf(PayloadTooLargeError);
    expect(published.error).toMatchObject({ sizeBytes: limit + 1, limitBytes: limit });
    expect(harness.sent).toEqual([]);
  });

  it('is looked at again when the first session tells the limit', async () => {
    const harness = new LedgerHarness({}, { maxPayloadBytes: limit });
    const [large, small] = [harness.publish('large', { data: new Uint8Array(limit + 1) }), harness.publish('small')];
    await harness.driver.connect();
    expect(large.error).toBeInstanceOf(PayloadTooLargeError);
    expect(harness.sent).toEqual(['small']);
    expect(small.timesTold).toBe(0);
  });

  it('is looked at again when a later session has a smaller limit', async () => {
    const harness = await LedgerHarness.connected({}, { maxPayloadBytes: limit });
    const published = harness.publish('large', { data: new Uint8Array(limit) });
    harness.driver.loseSession();
    harness.driver.restoreSession({ maxPayloadBytes: limit - 1 });
    await nextTurn();
    expect(published.error).toBeInstanceOf(PayloadTooLargeError);
    expect(harness.driver.attempts).toHaveLength(1);
  });
});

describe('the window', () => {
  it('holds back what is past maxPublishInFlight, and lets one out for each ack', async () => {
    const harness = await LedgerHarness.connected({ maxPublishInFlight: 2 });
    harness.publishAll('a', 'b', 'c', 'd');
    expect(harness.openTexts).toEqual(['a', 'b']);
    harness.attemptAt('b').ack();
    expect(harness.openTexts).toEqual(['a', 'c']);
    harness.attemptAt('a').ack();
    expect(harness.openTexts).toEqual(['c', 'd']);
    expect(harness.ledger.inFlightCount).toBe(2);
  });

  it('lets one out for each refusal and each timeout too', async () => {
    const harness = await LedgerHarness.connected({ maxPublishInFlight: 1, publishTimeoutMs: 1_000 });
    harness.publish('a');
    harness.clock.advanceSync(500);
    harness.publishAll('b', 'c');
    harness.attemptAt('a').refuse();
    expect(harness.sent).toEqual(['a', 'b']);
    harness.clock.advanceSync(1_000);
    expect(harness.told.map(({ error }) => error?.code)).toEqual([
      'STAN_PUBLISH_REFUSED',
      'STAN_PUBLISH_TIMEOUT',
      'STAN_PUBLISH_TIMEOUT',
    ]);
  });

  it('stores 10 000 publishes that come at once, each once and in order', async () => {
    const harness = await LedgerHarness.connected({}, { acksAtOnce: true });
    for (let index = 0; index < 10_000; index += 1) harness.publish(String(index));
    await harness.ledger.drain();
    expect(harness.driver.attempts).toHaveLength(10_000);
    expect(harness.told.every(({ receipt, timesTold }) => receipt?.attempts === 1 && timesTold === 1)).toBe(true);
    expect(harness.sent.every((text, index) => text === String(index))).toBe(true);
  });
});

describe('the buffer', () => {
  const options = { maxPendingPublishBytes: 3 * (publishOverheadBytes + 100), maxPublishInFlight: 1 };
  const data = new Uint8Array(100);

  it('refuses at once what does not fit, and takes more once there is room', async () => {
    const harness = await LedgerHarness.connected(options);
    const [, , , fourth] = ['a', 'b', 'c', 'd'].map((name) => harness.publish(name, { data }));
    await nextTurn();
    expect(fourth?.error).toBeInstanceOf(PublishBufferFullError);
    expect(fourth?.error).toMatchObject({ limitBytes: options.maxPendingPublishBytes });
    harness.driver.openAttempts[0]!.ack();
    const fifth = harness.publish('e', { data });
    await nextTurn();
    expect(fifth.timesTold).toBe(0);
    expect(harness.ledger.pendingCount).toBe(3);
  });

  it('is empty again once everything is settled', async () => {
    const harness = await LedgerHarness.connected(options);
    harness.publishAll('a', 'b');
    harness.driver.openAttempts[0]!.ack();
    harness.driver.openAttempts[0]!.refuse();
    expect(harness.ledger.pendingBytes).toBe(0);
  });
});

describe('when the session is lost', () => {
  it('sends everything that was not acked again in the next one, in order and before newer ones', async () => {
    const harness = await LedgerHarness.connected({ maxPublishInFlight: 3 });
    const [a, b] = harness.publishAll('a', 'b', 'c', 'd');
    harness.attemptAt('b').ack();
    harness.driver.loseSession();
    harness.publish('e');
    expect(a!.timesTold).toBe(0);
    harness.driver.restoreSession();
    expect(harness.sent).toEqual(['a', 'b', 'c', 'd', 'a', 'c', 'd']);
    harness.attemptAt('a').ack();
    expect(a!.receipt?.attempts).toBe(2);
    expect(b!.receipt?.attempts).toBe(1);
    expect(harness.sent.at(-1)).toBe('e');
  });

  it('waits for the next session with a publish that the server refused since it no longer knows the client', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    harness.attemptAt('a').refuse(new SessionLostError('orders-0', 'the server no longer knows this client'));
    expect(published.timesTold).toBe(0);
    expect(harness.sent).toEqual(['a']);
    harness.driver.loseSession();
    harness.driver.restoreSession();
    harness.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(2);
  });

  it('does not count an attempt that never left the process', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    harness.attemptAt('a').fail('not-sent', new NotConnectedError('publish'));
    harness.driver.loseTransport();
    harness.driver.restoreTransport();
    harness.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(1);
  });

  it('does not send what has run out of time meanwhile', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const published = harness.publish('a');
    harness.driver.loseSession();
    harness.clock.advanceSync(1_000);
    harness.driver.restoreSession();
    expect(published.error).toBeInstanceOf(PublishTimeoutError);
    expect(harness.sent).toEqual(['a']);
  });
});

describe('when the transport is lost and the session lives on', () => {
  it('sends what was not acked again', async () => {
    const harness = await LedgerHarness.connected();
    harness.publishAll('a', 'b');
    harness.driver.loseTransport();
    harness.publish('c');
    harness.driver.restoreTransport();
    expect(harness.sent).toEqual(['a', 'b', 'a', 'b', 'c']);
  });

  it('takes a late ack of the earlier attempt, and the ack of the later one changes nothing', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    const [first] = harness.driver.attempts;
    harness.driver.loseTransport();
    harness.driver.restoreTransport();
    first!.ack();
    expect(published.receipt).toEqual({ guid: first!.guid, subject: 'ticket:created', attempts: 2 });
    harness.attemptAt('a').ack();
    expect(published.timesTold).toBe(1);
  });

  it('goes on when the earlier attempt is refused, since the later one may be stored', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    const [first] = harness.driver.attempts;
    harness.driver.loseTransport();
    harness.driver.restoreTransport();
    first!.refuse(new PublishRefusedError('ticket:created', 'disk full'));
    expect(published.timesTold).toBe(0);
    harness.attemptAt('a').ack();
    expect(published.receipt?.attempts).toBe(2);
  });

  it('lets the later attempt decide when the earlier one fails, and says that the first may have stored it', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    const [first] = harness.driver.attempts;
    harness.driver.loseTransport();
    harness.driver.restoreTransport();
    first!.fail('unknown', new SessionLostError('orders-0', 'gone'));
    expect(published.timesTold).toBe(0);
    harness.attemptAt('a').refuse(new PublishRefusedError('ticket:created', 'disk full'));
    expect(published.error).toMatchObject({ code: 'STAN_PUBLISH_REFUSED', reason: 'disk full', mayBeStored: true });
  });
});

describe('after publishTimeoutMs', () => {
  it('fails as certainly not stored when it was never sent', () => {
    const harness = new LedgerHarness({ publishTimeoutMs: 1_000 });
    const published = harness.publish('a');
    harness.clock.advanceSync(999);
    expect(published.timesTold).toBe(0);
    harness.clock.advanceSync(1);
    expect(published.error).toBeInstanceOf(PublishTimeoutError);
    expect(published.error).toMatchObject({ attempts: 0, mayBeStored: false, timeoutMs: 1_000 });
  });

  it('fails as possibly stored when it was sent, and a late ack changes nothing', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const published = harness.publish('a');
    harness.clock.advanceSync(1_000);
    expect(published.error).toMatchObject({ attempts: 1, mayBeStored: true });
    harness.driver.attempts[0]!.ack();
    expect(published).toMatchObject({ receipt: undefined, timesTold: 1 });
  });

  it('fails as not stored when every attempt was refused', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const cause = new SessionLostError('orders-0', 'the server no longer knows this client');
    const published = harness.publish('a');
    harness.attemptAt('a').refuse(cause);
    harness.clock.advanceSync(1_000);
    expect(published.error).toMatchObject({ attempts: 1, mayBeStored: false, cause });
  });

  it('gives each publish its own full time', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const [first, second] = [harness.publish('a'), (harness.clock.advanceSync(600), harness.publish('b'))];
    harness.clock.advanceSync(400);
    expect([first.timesTold, second.timesTold]).toEqual([1, 0]);
    harness.clock.advanceSync(600);
    expect(second.timesTold).toBe(1);
  });

  it('uses one timer for all deadlines and one for all acks, which keep the process alive only while something is pending', async () => {
    const harness = await LedgerHarness.connected();
    harness.publishAll('a', 'b', 'c');
    expect(harness.clock.pendingCount()).toBe(2);
    expect(harness.clock.keepsProcessAlive).toBe(true);
    for (const attempt of harness.driver.openAttempts) attempt.ack();
    expect(harness.clock.keepsProcessAlive).toBe(false);
    harness.publish('d');
    expect(harness.clock.keepsProcessAlive).toBe(true);
    harness.ledger.close();
    expect(harness.clock.pendingCount()).toBe(0);
  });
});

describe('when no session will come', () => {
  it('fails everything that is pending, oldest first, and what comes later at once', async () => {
    const harness = await LedgerHarness.connected({ maxPublishInFlight: 1 });
    harness.publishAll('a', 'b');
    const cause = new SessionLostError('orders-0', 'replaced');
    harness.driver.giveUp(cause);
    expect(harness.told.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(harness.told[0]!.error).toMatchObject({ code: 'STAN_NOT_CONNECTED', mayBeStored: true, cause });
    expect(harness.told[1]!.error).toMatchObject({ code: 'STAN_NOT_CONNECTED', mayBeStored: false, cause });
    const later = harness.publish('c');
    await nextTurn();
    expect(later.error).toBeInstanceOf(NotConnectedError);
  });
});

describe('close', () => {
  it('fails everything that is pending and all that comes later, and stops listening', async () => {
    const harness = await LedgerHarness.connected({ maxPublishInFlight: 1 });
    harness.publishAll('a', 'b');
    harness.ledger.close();
    harness.ledger.close();
    expect(harness.told.map(({ error }) => error)).toEqual([
      expect.objectContaining({ code: 'STAN_CLOSED', mayBeStored: true }),
      expect.objectContaining({ code: 'STAN_CLOSED', mayBeStored: false }),
    ]);
    const later = harness.publish('c');
    await nextTurn();
    expect(later.error).toBeInstanceOf(StanClosedError);
    expect(harness.driver.listenerCount).toBe(0);
    expect(harness.sent).toEqual(['a']);
  });

  it('comes by itself when the driver is closed', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    await harness.driver.close();
    expect(published.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: true });
    expect(harness.driver.listenerCount).toBe(0);
  });
});

describe('drain', () => {
  it('resolves once everything has its outcome', async () => {
    const harness = await LedgerHarness.connected();
    let isDrained = false;
    harness.publishAll('a', 'b');
    const drained = harness.ledger.drain().then(() => (isDrained = true));
    harness.attemptAt('a').ack();
    await nextTurn();
    expect(isDrained).toBe(false);
    harness.attemptAt('b').refuse();
    await drained;
    await harness.ledger.drain();
  });
});

describe('a publisher that publishes again from its callback', () => {
  it('gets an outcome for each, also when everything fails', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    let again: string | undefined;
    harness.ledger.publish('ticket:created', Buffer.from('a'), {
      settle: () => {
        harness.ledger.publish('ticket:created', Buffer.from('b'), { settle: (error) => (again = error?.code) });
      },
    });
    harness.clock.advanceSync(1_000);
    expect(harness.sent).toEqual(['a', 'b']);
    harness.clock.advanceSync(1_000);
    expect(again).toBe('STAN_PUBLISH_TIMEOUT');
  });
});
