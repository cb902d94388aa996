import { describe, expect, it } from 'vitest';
import { NotConnectedError, PublishRefusedError, StanClosedError } from '../../../../lib/core/errors/index.js';
import { PayloadTooLargeError, SessionLostError } from '../../../../lib/core/errors/index.js';
import { PublishEntry } from '../../../../lib/core/publishing/publish-entry.js';
import { PublishLedger, publishOverheadBytes } from '../../../../lib/core/publishing/index.js';
import { nextTurn } from '../../../support/wait.js';
import { PublishDesk } from './publish-desk.js';

const ignored = { settle: () => undefined };

const refusal = new PublishRefusedError('ticket:created', 'disk full');
const lost = new SessionLostError('orders-0', 'gone');

/** A publish of which two attempts were made; the first one may have stored it. */
async function triedTwice() {
  const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
  const published = desk.publish('a');
  desk.attemptAt('a').fail('unknown', lost);
  desk.driver.loseSession();
  desk.driver.restoreSession();
  return { desk, published };
}

describe('the attempts of a publish', () => {
  it('have its number in this process, which no other publish has', async () => {
    const { desk } = await triedTwice();
    desk.publish('b');
    const [first, second, other] = desk.driver.attempts.map(({ id }) => id);
    expect(first).toEqual(expect.any(Number));
    expect(second).toBe(first);
    expect(other).toEqual(expect.any(Number));
    expect(other).not.toBe(first);
  });

  it('are not made while the driver is not ready', async () => {
    const desk = await PublishDesk.connected({ ackTimeoutMs: 1_000 });
    desk.publish('a');
    desk.driver.fallSilent();
    desk.publish('b');
    desk.clock.advanceSync(10_000);
    expect(desk.driver.calls.publish).toBe(1);
  });
});

describe('a receipt', () => {
  it('says where the server had stored the event before, and is silent about it otherwise', async () => {
    const desk = await PublishDesk.connected();
    const [first, again, plain] = desk.publishAll('a', 'b', 'c');
    desk.attemptAt('a').ack(false);
    desk.attemptAt('b').ack(true);
    desk.attemptAt('c').ack();
    expect(first?.receipt).toEqual({ guid: 'guid-1', subject: 'ticket:created', attempts: 1 });
    expect(again?.receipt).toEqual({ guid: 'guid-2', subject: 'ticket:created', attempts: 1, duplicate: true });
    expect(plain?.receipt).toEqual({ guid: 'guid-3', subject: 'ticket:created', attempts: 1 });
  });
});

describe('an attempt that fails', () => {
  it('says nothing of the event where its outcome is unknown, whatever the reason: the time limit ends it', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const published = desk.publish('a');
    desk.attemptAt('a').fail('unknown', refusal);
    expect(published.timesTold).toBe(0);
    desk.clock.advanceSync(1_000);
    expect(published.error).toMatchObject({ code: 'STAN_PUBLISH_TIMEOUT', mayBeStored: true, cause: refusal });
  });

  it('ends the publish at once where the driver is closed, and names its subject', async () => {
    const desk = await PublishDesk.connected();
    const [unsent, sent] = desk.publishAll('a', 'b');
    const closed = new StanClosedError('the driver');
    desk.attemptAt('a').fail('not-sent', closed);
    desk.attemptAt('b').fail('unknown', closed);
    expect(unsent?.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: false, cause: closed });
    expect(unsent?.error?.message).toContain('publish to "ticket:created"');
    expect(sent?.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: true, cause: closed });
  });

  it('gives its own error where that is no refusal of the server and no later attempt can mend it', async () => {
    const { desk, published } = await triedTwice();
    const tooLarge = new PayloadTooLargeError('ticket:created', 3_000, 2_000);
    desk.attemptAt('a').refuse(tooLarge);
    expect(published.error).toBe(tooLarge);
  });

  it('gives the refusal as it is where no other attempt can have stored the event', async () => {
    const desk = await PublishDesk.connected();
    const published = desk.publish('a');
    desk.attemptAt('a').refuse(refusal);
    expect(published.error).toBe(refusal);
  });
});

describe('an answer that comes after the outcome', () => {
  it('changes nothing, a refusal no more than an ack', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const [first, second] = desk.publishAll('a', 'b');
    desk.clock.advanceSync(1_000);
    desk.attemptAt('a').refuse(refusal);
    desk.attemptAt('b').ack();
    expect([first?.timesTold, second?.timesTold]).toEqual([1, 1]);
    expect(desk.ledger).toMatchObject({ pendingCount: 0, pendingBytes: 0, inFlightCount: 0 });
  });
});

describe('the bytes that are pending', () => {
  it('are those of payloads and headers, and an overhead for each', async () => {
    const desk = await PublishDesk.connected();
    desk.ledger.publish('ticket:created', Buffer.from('12345'), ignored, '123');
    desk.ledger.publish('ticket:created', Buffer.from('12'), ignored);
    expect(desk.ledger.pendingBytes).toBe(10 + 2 * publishOverheadBytes);
    for (const attempt of desk.driver.openAttempts) attempt.ack();
    expect(desk.ledger.pendingBytes).toBe(0);
  });
});

describe('the error of a publish that is not sent any more', () => {
  const doubt = '(it was sent, and may be stored)';

  it('says whether the event was sent, where the client is closed', async () => {
    const desk = await PublishDesk.connected({ maxPublishInFlight: 1 });
    const [sent, waiting] = desk.publishAll('a', 'b');
    desk.ledger.close();
    expect(sent?.error?.message).toContain(`publish to "ticket:created" ${doubt}`);
    expect(waiting?.error?.message).toBe(sent?.error?.message.replace(` ${doubt}`, ''));
    const later = desk.publish('c');
    await nextTurn();
    expect(later.error).toMatchObject({ code: 'STAN_CLOSED', mayBeStored: false });
    expect(later.error?.message).toBe(waiting?.error?.message);
  });

  it('says whether the event was sent, where no session will come', async () => {
    const desk = await PublishDesk.connected({ maxPublishInFlight: 1 });
    const [sent, waiting] = desk.publishAll('a', 'b');
    desk.driver.giveUp(lost);
    expect(sent?.error?.message).toContain(`publish to "ticket:created" ${doubt}`);
    expect(waiting?.error?.message).not.toContain(doubt);
    const later = desk.publish('c');
    await nextTurn();
    expect(later.error).toBeInstanceOf(NotConnectedError);
    expect(later.error).toMatchObject({ mayBeStored: false, cause: lost });
    expect(later.error?.message).toBe(waiting?.error?.message);
  });

  it('has no cause, not even an empty one, where nothing went wrong before', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const [expired] = desk.publishAll('a');
    desk.clock.advanceSync(1_000);
    const closed = desk.publish('b');
    desk.ledger.close();
    expect(expired?.error).not.toHaveProperty('cause');
    expect(closed.error).not.toHaveProperty('cause');
  });
});

describe('the limit of a payload', () => {
  const limit = 2_000;
  const data = new Uint8Array(limit);

  it('is kept by one that waited for the first session and is just as large', async () => {
    const desk = new PublishDesk({}, { maxPayloadBytes: limit });
    const published = desk.publish('just as large', { data });
    await desk.driver.connect();
    expect(desk.driver.attempts).toHaveLength(1);
    expect(published.timesTold).toBe(0);
  });

  it('holds nothing back where the driver does not know it', async () => {
    const desk = await PublishDesk.connected();
    desk.publish('first', { data });
    desk.driver.maxPayload = undefined;
    desk.publish('second', { data });
    expect(desk.driver.attempts).toHaveLength(2);
    desk.driver.loseTransport();
    desk.driver.restoreTransport();
    expect(desk.driver.attempts).toHaveLength(4);
  });

  it('is kept by the attempt that tells whether the server answers: what is too large by now is not sent', async () => {
    const desk = await PublishDesk.connected({ ackTimeoutMs: 1_000 }, { maxPayloadBytes: limit });
    const [large, small] = [desk.publish('large', { data }), desk.publish('small')];
    desk.driver.maxPayload = limit - 1;
    desk.clock.advanceSync(1_250);
    await nextTurn();
    expect(large.error).toBeInstanceOf(PayloadTooLargeError);
    expect(desk.driver.calls.publish).toBe(2);
    desk.clock.advanceSync(1_250);
    expect(desk.sent.at(-1)).toBe('small');
    expect(small.timesTold).toBe(0);
  });
});

describe('a publisher that acts from its callback', () => {
  it('closes the client when its time is over, and the others get their outcome', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    let first: string | undefined;
    desk.ledger.publish('ticket:created', Buffer.from('a'), {
      settle: (error) => {
        first = error?.code;
        desk.ledger.close();
      },
    });
    const second = desk.publish('b');
    desk.clock.advanceSync(1_000);
    expect([first, second.error?.code]).toEqual(['STAN_PUBLISH_TIMEOUT', 'STAN_CLOSED']);
    expect(desk.clock.pendingCount()).toBe(0);
  });

  it('gets the outcome of a publish whose time is over already in a later turn', async () => {
    const desk = await PublishDesk.connected({ publishTimeoutMs: 1_000 });
    const toldAtMs: number[] = [];
    const deadline = desk.clock.nowMs() + 1_000;
    const publish = (): void =>
      desk.ledger.publish(
        'ticket:created',
        Buffer.from('a'),
        {
          settle: () => {
            toldAtMs.push(desk.clock.nowMs() - deadline);
            if (toldAtMs.length < 3) publish();
          },
        },
        '',
        deadline,
      );
    publish();
    desk.clock.advanceSync(1_010);
    expect(toldAtMs).toEqual([0, 1, 2]);
  });

  it('is refused by a closed client, and told in a later turn', async () => {
    const desk = await PublishDesk.connected();
    const told: (string | undefined)[] = [];
    desk.ledger.publish('ticket:created', Buffer.from('a'), {
      settle: (error) => {
        told.push(error?.code);
        desk.ledger.publish('ticket:created', Buffer.from('b'), { settle: (again) => told.push(again?.code) });
      },
    });
    desk.ledger.close();
    expect(told).toEqual(['STAN_CLOSED']);
    await nextTurn();
    expect(told).toEqual(['STAN_CLOSED', 'STAN_CLOSED']);
  });
});

describe('once nothing is under way', () => {
  it('no timer goes on', async () => {
    const desk = await PublishDesk.connected();
    desk.publish('a');
    desk.attemptAt('a').ack();
    desk.clock.advanceSync(60_000);
    expect(desk.clock.pendingCount()).toBe(0);
  });

  it('no timer watches for acks, also where publishes wait for the session', async () => {
    const desk = await PublishDesk.connected({ ackTimeoutMs: 1_000, publishTimeoutMs: 600_000 });
    desk.publish('a');
    desk.attemptAt('a').ack();
    desk.driver.loseSession();
    desk.publish('b');
    desk.clock.advanceSync(60_000);
    expect(desk.clock.pendingCount()).toBe(1);
  });

  it('a settled publish holds on to neither its payload nor its headers', () => {
    const entry = new PublishEntry('ticket:created', Buffer.from('a'), 0, ignored, 'stan-headers/1?id=1');
    entry.release();
    expect(entry).toMatchObject({ isSettled: true, data: new Uint8Array(0), headerText: '' });
  });
});

describe('a driver without pings', () => {
  it('is not asked whether the server answers, and the oldest is sent again all the same', async () => {
    const { driver, clock } = await PublishDesk.connected();
    const ledger = new PublishLedger({
      driver: {
        publish: (...attempt) => driver.publish(...attempt),
        isReady: () => driver.isReady(),
        on: (listener) => driver.on(listener),
        maxDataBytes: () => driver.maxDataBytes(),
      },
      options: {
        maxPublishInFlight: 10,
        maxPendingPublishBytes: 10_000,
        publishTimeoutMs: 30_000,
        ackTimeoutMs: 1_000,
      },
      clock,
    });
    ledger.publish('ticket:created', Buffer.from('a'), ignored);
    clock.advanceSync(1_250);
    expect(driver.attempts).toHaveLength(2);
  });
});
