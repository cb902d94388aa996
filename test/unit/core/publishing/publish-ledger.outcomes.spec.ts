import { describe, expect, it } from 'vitest';
import { NotConnectedError, PublishRefusedError, StanClosedError } from '../../../../lib/core/errors/index.js';
import { PayloadTooLargeError, SessionLostError } from '../../../../lib/core/errors/index.js';
import { PublishEntry } from '../../../../lib/core/publishing/publish-entry.js';
import { defaultsOf } from '../../../../lib/core/option-rules/option-group.js';
import { StanPublishOptions } from '../../../../lib/core/options/publish-options.js';
import { PublishLedger, publishOverheadBytes } from '../../../../lib/core/publishing/index.js';
import { nextTurn } from '../../../support/wait.js';
import { LedgerHarness } from './ledger-harness.js';

const ignored = { settle: () => undefined };

const refusal = new PublishRefusedError('ticket:created', 'disk full');
const lost = new SessionLostError('orders-0', 'gone');

/** A publish of which two attempts were made; the first one may have stored it. */
async function triedTwice() {
  const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
  const published = harness.publish('a');
  harness.attemptAt('a').fail('unknown', lost);
  harness.driver.loseSession();
  harness.driver.restoreSession();
  return { harness, published };
}

describe('the attempts of a publish', () => {
  it('have its number in this process, which no other publish has', async () => {
    const { harness } = await triedTwice();
    harness.publish('b');
    const [first, second, other] = harness.driver.attempts.map(({ id }) => id);
    expect(first).toEqual(expect.any(Number));
    expect(second).toBe(first);
    expect(other).toEqual(expect.any(Number));
    expect(other).not.toBe(first);
  });

  it('are not made while the driver is not ready', async () => {
    const harness = await LedgerHarness.connected({ ackTimeoutMs: 1_000 });
    harness.publish('a');
    harness.driver.fallSilent();
    harness.publish('b');
    harness.clock.advanceSync(10_000);
    expect(harness.driver.calls.publish).toBe(1);
  });
});

describe('a receipt', () => {
  it('says where the server had stored the event before, and is silent about it otherwise', async () => {
    const harness = await LedgerHarness.connected();
    const [first, again, plain] = harness.publishAll('a', 'b', 'c');
    harness.attemptAt('a').ack(false);
    harness.attemptAt('b').ack(true);
    harness.attemptAt('c').ack();
    expect(first?.receipt).toEqual({ guid: 'guid-1', subject: 'ticket:created', attempts: 1 });
    expect(again?.receipt).toEqual({ guid: 'guid-2', subject: 'ticket:created', attempts: 1, duplicate: true });
    expect(plain?.receipt).toEqual({ guid: 'guid-3', subject: 'ticket:created', attempts: 1 });
  });
});

describe('an attempt that fails', () => {
  it('says nothing of the event where its outcome is unknown, whatever the reason: the time limit ends it', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const published = harness.publish('a');
    harness.attemptAt('a').fail('unknown', refusal);
    expect(published.timesTold).toBe(0);
    harness.clock.advanceSync(1_000);
    expect(published.error).toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT', mayBeStored: true, cause: refusal });
  });

  it('ends the publish at once where the driver is closed, and names its subject', async () => {
    const harness = await LedgerHarness.connected();
    const [unsent, sent] = harness.publishAll('a', 'b');
    const closed = new StanClosedError('the driver');
    harness.attemptAt('a').fail('not-sent', closed);
    harness.attemptAt('b').fail('unknown', closed);
    expect(unsent?.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: false, cause: closed });
    expect(unsent?.error?.message).toContain('publish to "ticket:created"');
    expect(sent?.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: true, cause: closed });
  });

  it('gives its own error where that is no refusal of the server and no later attempt can mend it', async () => {
    const { harness, published } = await triedTwice();
    const tooLarge = new PayloadTooLargeError('ticket:created', 3_000, 2_000);
    harness.attemptAt('a').refuse(tooLarge);
    expect(published.error).toBe(tooLarge);
  });

  it('gives the refusal as it is where no other attempt can have stored the event', async () => {
    const harness = await LedgerHarness.connected();
    const published = harness.publish('a');
    harness.attemptAt('a').refuse(refusal);
    expect(published.error).toBe(refusal);
  });
});

describe('an answer that comes after the outcome', () => {
  it('changes nothing, a refusal no more than an ack', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const [first, second] = harness.publishAll('a', 'b');
    harness.clock.advanceSync(1_000);
    harness.attemptAt('a').refuse(refusal);
    harness.attemptAt('b').ack();
    expect([first?.timesTold, second?.timesTold]).toEqual([1, 1]);
    expect(harness.ledger).toMatchObject({ pendingCount: 0, pendingBytes: 0, inFlightCount: 0 });
  });
});

describe('the bytes that are pending', () => {
  it('are those of payloads and headers, and an overhead for each', async () => {
    const harness = await LedgerHarness.connected();
    harness.ledger.publish('ticket:created', Buffer.from('12345'), ignored, '123');
    harness.ledger.publish('ticket:created', Buffer.from('12'), ignored);
    expect(harness.ledger.pendingBytes).toBe(10 + 2 * publishOverheadBytes);
    for (const attempt of harness.driver.openAttempts) attempt.ack();
    expect(harness.ledger.pendingBytes).toBe(0);
  });
});

describe('the error of a publish that is not sent any more', () => {
  const doubt = '(it was sent, and may be stored)';

  it('says whether the event was sent, where the client is closed', async () => {
    const harness = await LedgerHarness.connected({ maxPublishInFlight: 1 });
    const [sent, waiting] = harness.publishAll('a', 'b');
    harness.ledger.close();
    expect(sent?.error?.message).toContain(`publish to "ticket:created" ${doubt}`);
    expect(waiting?.error?.message).toBe(sent?.error?.message.replace(` ${doubt}`, ''));
    const later = harness.publish('c');
    await nextTurn();
    expect(later.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: false });
    expect(later.error?.message).toBe(waiting?.error?.message);
  });

  it('says whether the event was sent, where no session will come', async () => {
    const harness = await LedgerHarness.connected({ maxPublishInFlight: 1 });
    const [sent, waiting] = harness.publishAll('a', 'b');
    harness.driver.giveUp(lost);
    expect(sent?.error?.message).toContain(`publish to "ticket:created" ${doubt}`);
    expect(waiting?.error?.message).not.toContain(doubt);
    const later = harness.publish('c');
    await nextTurn();
    expect(later.error).toBeInstanceOf(NotConnectedError);
    expect(later.error).toMatchObject({ mayBeStored: false, cause: lost });
    expect(later.error?.message).toBe(waiting?.error?.message);
  });

  it('has no cause, not even an empty one, where nothing went wrong before', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const [expired] = harness.publishAll('a');
    harness.clock.advanceSync(1_000);
    const closed = harness.publish('b');
    harness.ledger.close();
    expect(expired?.error).not.toHaveProperty('cause');
    expect(closed.error).not.toHaveProperty('cause');
  });
});

describe('the limit of a payload', () => {
  const limit = 2_000;
  const data = new Uint8Array(limit);

  it('is kept by one that waited for the first session and is just as large', async () => {
    const harness = new LedgerHarness({}, { maxPayloadBytes: limit });
    const published = harness.publish('just as large', { data });
    await harness.driver.connect();
    expect(harness.driver.attempts).toHaveLength(1);
    expect(published.timesTold).toBe(0);
  });

  it('holds nothing back where the driver does not know it', async () => {
    const harness = await LedgerHarness.connected();
    harness.publish('first', { data });
    harness.driver.maxPayload = undefined;
    harness.publish('second', { data });
    expect(harness.driver.attempts).toHaveLength(2);
    harness.driver.loseTransport();
    harness.driver.restoreTransport();
    expect(harness.driver.attempts).toHaveLength(4);
  });

  it('is kept by the attempt that tells whether the server answers: what is too large by now is not sent', async () => {
    const harness = await LedgerHarness.connected({ ackTimeoutMs: 1_000 }, { maxPayloadBytes: limit });
    const [large, small] = [harness.publish('large', { data }), harness.publish('small')];
    harness.driver.maxPayload = limit - 1;
    harness.clock.advanceSync(1_250);
    await nextTurn();
    expect(large.error).toBeInstanceOf(PayloadTooLargeError);
    expect(harness.driver.calls.publish).toBe(2);
    harness.clock.advanceSync(1_250);
    expect(harness.sent.at(-1)).toBe('small');
    expect(small.timesTold).toBe(0);
  });
});

describe('a publisher that acts from its callback', () => {
  it('closes the client when its time is over, and the others get their outcome', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    let first: string | undefined;
    harness.ledger.publish('ticket:created', Buffer.from('a'), {
      settle: (error) => {
        first = error?.code;
        harness.ledger.close();
      },
    });
    const second = harness.publish('b');
    harness.clock.advanceSync(1_000);
    expect([first, second.error?.code]).toEqual(['STAN_PUBLISH_TIMEOUT', 'STAN_CLOSED']);
    expect(harness.clock.pendingCount()).toBe(0);
  });

  it('gets the outcome of a publish whose time is over already in a later turn', async () => {
    const harness = await LedgerHarness.connected({ publishTimeoutMs: 1_000 });
    const toldAtMs: number[] = [];
    const deadline = harness.clock.nowMs() + 1_000;
    const publish = (): void =>
      harness.ledger.publish(
        'ticket:created',
        Buffer.from('a'),
        {
          settle: () => {
            toldAtMs.push(harness.clock.nowMs() - deadline);
            if (toldAtMs.length < 3) publish();
          },
        },
        '',
        deadline,
      );
    publish();
    harness.clock.advanceSync(1_010);
    expect(toldAtMs).toEqual([0, 1, 2]);
  });

  it('is refused by a closed client, and told in a later turn', async () => {
    const harness = await LedgerHarness.connected();
    const told: (string | undefined)[] = [];
    harness.ledger.publish('ticket:created', Buffer.from('a'), {
      settle: (error) => {
        told.push(error?.code);
        harness.ledger.publish('ticket:created', Buffer.from('b'), { settle: (again) => told.push(again?.code) });
      },
    });
    harness.ledger.close();
    expect(told).toEqual(['STAN_CLOSED']);
    await nextTurn();
    expect(told).toEqual(['STAN_CLOSED', 'STAN_CLOSED']);
  });
});

describe('once nothing is under way', () => {
  it('no timer goes on', async () => {
    const harness = await LedgerHarness.connected();
    harness.publish('a');
    harness.attemptAt('a').ack();
    harness.clock.advanceSync(60_000);
    expect(harness.clock.pendingCount()).toBe(0);
  });

  it('no timer watches for acks, also where publishes wait for the session', async () => {
    const harness = await LedgerHarness.connected({ ackTimeoutMs: 1_000, publishTimeoutMs: 600_000 });
    harness.publish('a');
    harness.attemptAt('a').ack();
    harness.driver.loseSession();
    harness.publish('b');
    harness.clock.advanceSync(60_000);
    expect(harness.clock.pendingCount()).toBe(1);
  });

  it('a settled publish holds on to neither its payload nor its headers', () => {
    const entry = new PublishEntry('ticket:created', Buffer.from('a'), 0, ignored, 'stan-headers/1?id=1');
    entry.release();
    expect(entry).toMatchObject({ isSettled: true, data: new Uint8Array(0), headerText: '' });
  });
});

describe('a driver without pings', () => {
  it('is not asked whether the server answers, and the oldest is sent again all the same', async () => {
    const { driver, clock } = await LedgerHarness.connected();
    const ledger = new PublishLedger({
      driver: {
        publish: (...attempt) => driver.publish(...attempt),
        isReady: () => driver.isReady(),
        on: (listener) => driver.on(listener),
        maxDataBytes: () => driver.maxDataBytes(),
      },
      options: { ...defaultsOf(StanPublishOptions), ackTimeoutMs: 1_000 },
      clock,
    });
    ledger.publish('ticket:created', Buffer.from('a'), ignored);
    clock.advanceSync(1_250);
    expect(driver.attempts).toHaveLength(2);
  });
});
