import { describe, expect, it } from 'vitest';
import { InvalidOptionError, InvalidSubjectError } from '../../../../lib/core/errors/index.js';
import type { StanSubscriptionOptions } from '../../../../lib/core/options/index.js';
import { assertSubscribable, durableQueue, resolveSubscriptionOptions } from '../../../../lib/core/options/index.js';

const deadLetter = { subject: 'orders:dead' };
const version = { stream: 'ticket', key: () => 'a', version: () => 0 };

function refusal(own: object, inherited: object = {}): InvalidOptionError {
  try {
    resolveSubscriptionOptions(own, inherited, { owner: 'Tickets.created' });
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('the options were taken');
}

describe('resolveSubscriptionOptions', () => {
  it('completes nothing at all with the defaults, frozen', () => {
    const resolved = resolveSubscriptionOptions(undefined, undefined);
    expect(resolved).toEqual({
      queueGroup: undefined,
      durableName: undefined,
      startAt: 'new',
      ackMode: 'afterHandler',
      ackWaitMs: 30_000,
      maxInFlight: 64,
      concurrency: 64,
      retry: undefined,
      maxDeliveries: undefined,
      deadLetter: undefined,
      onUndecodable: 'leave',
    });
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  it("lays the handler's options over the server's, and those over the defaults, skipping undefined", () => {
    const own = { ackWaitMs: 5_000, maxInFlight: undefined } as unknown as StanSubscriptionOptions;
    const inherited = { ...durableQueue('orders'), ackWaitMs: 9_000, maxInFlight: 8 };
    expect(resolveSubscriptionOptions(own, inherited)).toMatchObject({
      queueGroup: 'orders',
      durableName: 'orders',
      startAt: 'first',
      ackWaitMs: 5_000,
      maxInFlight: 8,
      concurrency: 8,
      ackMode: 'afterHandler',
    });
  });

  it.each(['queueGroup', 'durableName', 'retry', 'maxDeliveries', 'deadLetter', 'lane'] as const)(
    'switches the default %s of the server off by false',
    (name) => {
      const inherited = { ...durableQueue('orders'), retry: {}, maxDeliveries: 3, deadLetter, lane: () => 'a' };
      expect(resolveSubscriptionOptions({}, inherited)[name]).toBeDefined();
      expect(resolveSubscriptionOptions({ [name]: false }, inherited)[name]).toBeUndefined();
    },
  );

  it('switches retry on with its defaults by an empty object', () => {
    const { retry } = resolveSubscriptionOptions({ retry: {} }, undefined);
    expect(retry).toMatchObject({ attempts: 3, delayMs: 200, factor: 2, maxDelayMs: 5_000, jitter: 0.2 });
    expect(retry?.retryOn(new Error('any'))).toBe(true);
    expect(Object.isFrozen(retry)).toBe(true);
  });

  it("lays the handler's retry options over the server's one by one, unless one of them is off", () => {
    const inherited = { retry: { attempts: 9, delayMs: 1 } };
    expect(resolveSubscriptionOptions({ retry: { delayMs: 2 } }, inherited).retry).toMatchObject({
      attempts: 9,
      delayMs: 2,
    });
    expect(resolveSubscriptionOptions({ retry: {} }, { retry: false }).retry).toMatchObject({ attempts: 3 });
  });

  it('lifts the longest retry delay to a longer first one that was given alone', () => {
    expect(resolveSubscriptionOptions({ retry: { delayMs: 9_000 } }, undefined).retry?.maxDelayMs).toBe(9_000);
  });

  it('sends undecodable bytes to the dead letters where there are any, unless told otherwise', () => {
    expect(resolveSubscriptionOptions({ deadLetter }, undefined).onUndecodable).toBe('deadLetter');
    expect(resolveSubscriptionOptions({ deadLetter, onUndecodable: 'ack' }, undefined).onUndecodable).toBe('ack');
    expect(resolveSubscriptionOptions({ deadLetter: false }, { deadLetter }).onUndecodable).toBe('leave');
  });

  it("lowers the server's concurrency for a handler with a smaller maxInFlight", () => {
    expect(resolveSubscriptionOptions({ maxInFlight: 1 }, { concurrency: 8 }).concurrency).toBe(1);
    expect(resolveSubscriptionOptions({ maxInFlight: 8 }, { concurrency: 2 }).concurrency).toBe(2);
  });

  it('takes maxDeliveries without deadLetter, and a durable name with ":" without a queue group', () => {
    expect(resolveSubscriptionOptions({ maxDeliveries: 5 }, undefined)).toMatchObject({
      maxDeliveries: 5,
      onUndecodable: 'leave',
    });
    expect(resolveSubscriptionOptions({ durableName: 'a:b' }, undefined).durableName).toBe('a:b');
  });

  it('shares nothing with its inputs, which it leaves as they were', () => {
    const time = new Date(1_000);
    const own = { startAt: { time }, retry: { attempts: 2 }, deadLetter: { subject: 'orders:dead' } };
    const resolved = resolveSubscriptionOptions(own, undefined);
    expect(own).toEqual({ startAt: { time }, retry: { attempts: 2 }, deadLetter: { subject: 'orders:dead' } });
    time.setTime(2_000);
    own.retry.attempts = 7;
    own.deadLetter.subject = 'other';
    expect(resolved).toMatchObject({ startAt: { time: new Date(1_000) }, retry: { attempts: 2 }, deadLetter });
    for (const part of [resolved.startAt, resolved.retry, resolved.deadLetter])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it.each([
    'new',
    'lastReceived',
    'first',
    { sequence: 1 },
    { sequence: Number.MAX_SAFE_INTEGER },
    { time: new Date(0) },
    { agoMs: 0 },
    { agoMs: 86_400_000 },
    { sequence: 5, time: undefined },
  ] as unknown as NonNullable<StanSubscriptionOptions['startAt']>[])('takes startAt %o', (startAt) => {
    expect(resolveSubscriptionOptions({ startAt }, undefined).startAt).toEqual(startAt);
  });
});

describe('an illegal subscription option is refused by name, and its owner is told', () => {
  it.each<[string, unknown]>([
    ['queueGroup', ''],
    ['queueGroup', true],
    ['queueGroup', null],
    ['durableName', ' '],
    ['durableName', 7],
    ['startAt', 'last'],
    ['startAt', {}],
    ['startAt', { sequence: 1, agoMs: 1 }],
    ['startAt', { sequence: 0 }],
    ['startAt', { sequence: 1.5 }],
    ['startAt', { sequence: '1' }],
    ['startAt', { time: new Date(Number.NaN) }],
    ['startAt', { time: '2020-01-01' }],
    ['startAt', { time: new Date('9999-01-01') }],
    ['startAt', { agoMs: -1 }],
    ['startAt', { agoMs: 1e16 }],
    ['startAt', { ago: 5 }],
    ['ackMode', 'auto'],
    ['ackMode', false],
    ['ackWaitMs', 999],
    ['ackWaitMs', 1_500],
    ['ackWaitMs', '5000'],
    ['ackWaitMs', 0],
    ['ackWaitMs', 2_147_484_000],
    ['maxInFlight', 0],
    ['maxInFlight', 1.5],
    ['maxInFlight', 2 ** 31],
    ['concurrency', 0],
    ['concurrency', 65],
    ['retry', true],
    ['retry', 3],
    ['maxDeliveries', 0],
    ['maxDeliveries', true],
    ['maxDeliveries', 2.5],
    ['deadLetter', 'orders:dead'],
    ['deadLetter', true],
    ['onUndecodable', 'drop'],
    ['lane', 'id'],
    ['lane', true],
    ['lane', null],
    ['version', true],
    ['inbox', 'header'],
    ['onUndecodable', 'deadLetter'],
  ])('%s: %o', (option, value) => {
    const error = refusal({ [option]: value });
    expect(error).toMatchObject({ option, owner: 'Tickets.created' });
    expect(error.message).toContain(`option "${option}" of Tickets.created: expected `);
  });

  it.each<[string, unknown]>([
    ['attempts', 0],
    ['delayMs', -1],
    ['factor', 0.5],
    ['factor', Infinity],
    ['maxDelayMs', 100],
    ['maxDelayMs', -1],
    ['jitter', 2],
    ['retryOn', 'always'],
  ])('retry.%s: %o', (option, value) => {
    expect(refusal({ retry: { [option]: value } }).option).toBe(`retry.${option}`);
  });

  it.each<[string, object]>([
    ['version.stream', { stream: undefined }],
    ['version.stream', { stream: '' }],
    ['version.stream', { stream: 'x'.repeat(201) }],
    ['version.key', { key: undefined }],
    ['version.key', { key: 'id' }],
    ['version.version', { version: undefined }],
    ['version.version', { version: 7 }],
    ['version.first', { first: -1 }],
    ['version.first', { first: 1.5 }],
    ['version.mode', { mode: 'some' }],
    ['version.unknownKey', { unknownKey: 'last' }],
    ['version.waitMs', { waitMs: -1 }],
    ['version.waitMs', { waitMs: 15_000 }],
    ['version.gapWarnMs', { gapWarnMs: 0 }],
    ['version.versions', { versions: 7 }],
  ])('%s: %o', (option, change) => {
    expect(refusal({ version: { ...version, ...change } }).option).toBe(option);
  });

  it.each<[string, object]>([
    ['inbox.id', {}],
    ['inbox.id', { id: 'headers' }],
    ['inbox.id', { id: 7 }],
    ['inbox.consumer', { id: 'header', consumer: '' }],
    ['inbox.consumer', { id: 'header', consumer: 'x'.repeat(201) }],
  ])('%s: %o', (option, inbox) => {
    expect(refusal({ inbox }).option).toBe(option);
  });

  it.each([{}, { subject: '' }, { subject: 'a.*' }, { subject: 7 }])('deadLetter.subject: %o', (given) => {
    expect(refusal({ deadLetter: given }).option).toBe('deadLetter.subject');
  });

  it.each<[object, string, string]>([
    [{ ackWait: 5 }, 'ackWait', 'ackWaitMs'],
    [{ queue: 'x' }, 'queue', 'queueGroup'],
    [{ durable: 'x' }, 'durable', 'durableName'],
    [{ maxInflight: 5 }, 'maxInflight', 'maxInFlight'],
    [{ retry: { attempt: 2 } }, 'retry.attempt', 'attempts'],
    [{ deadLetter: { subjcet: 'x' } }, 'deadLetter.subjcet', 'subject'],
  ])('%o: an unknown name, with the nearest known one', (options, option, nearest) => {
    expect(refusal(options)).toMatchObject({ option, nearest });
  });

  it("names the server's own option as the server has it", () => {
    expect(refusal({}, { ackWaitMs: 1 })).toMatchObject({ option: 'subscription.ackWaitMs', owner: undefined });
    expect(refusal({}, { retry: { attempts: 0 } }).option).toBe('subscription.retry.attempts');
  });

  it.each<[string, object, object]>([
    ['durableName', { durableName: 'a:b', queueGroup: 'orders' }, {}],
    ['durableName', { durableName: 'a:b' }, { queueGroup: 'orders' }],
    ['retry', { ackMode: 'onDelivery', retry: {} }, {}],
    ['retry', { ackMode: 'onDelivery' }, { retry: {} }],
    ['maxDeliveries', { ackMode: 'onDelivery', maxDeliveries: 2 }, {}],
    ['deadLetter', { ackMode: 'onDelivery', deadLetter }, {}],
    ['onUndecodable', { onUndecodable: 'deadLetter', deadLetter: false }, { deadLetter }],
    ['inbox', { inbox: { id: 'header' } }, { version }],
    ['inbox', { version }, { inbox: { id: 'header' } }],
    ['ackMode', { version, ackMode: 'manual' }, {}],
    ['ackMode', { inbox: { id: 'delivery' } }, { ackMode: 'onDelivery' }],
    ['version.waitMs', { version: { ...version, waitMs: 500 }, ackWaitMs: 1_000 }, {}],
    ['version.waitMs', { ackWaitMs: 1_000 }, { version: { ...version, waitMs: 500 } }],
    ['concurrency', { concurrency: 9 }, { maxInFlight: 8 }],
    ['concurrency', {}, { concurrency: 9, maxInFlight: 8 }],
  ])('%s makes no sense in %o over %o', (option, own, inherited) => {
    expect(refusal(own, inherited)).toMatchObject({ option, owner: 'Tickets.created' });
  });
});

describe('assertSubscribable', () => {
  const fixed = { clientId: 'orders-0', clientIdIsGenerated: false };
  const random = { clientId: 'orders-x1', clientIdIsGenerated: true };
  const where = 'Tickets.created';
  const subject = 'ticket:created';
  const resolve = (options: StanSubscriptionOptions) => resolveSubscriptionOptions(options, undefined);

  it('takes a durable with a fixed client id, a durable queue with any, and neither with any', () => {
    for (const [options, connection] of [
      [{ durableName: 'd' }, fixed],
      [durableQueue('orders'), random],
      [{}, random],
    ] as const) {
      expect(() => {
        assertSubscribable({ subject, subscription: resolve(options), connection, where });
      }).not.toThrow();
    }
  });

  it('refuses a durable without a queue group under a random client id', () => {
    const check = () => {
      assertSubscribable({ subject, subscription: resolve({ durableName: 'd' }), connection: random, where });
    };
    expect(check).toThrow(InvalidOptionError);
    expect(check).toThrow(/option "clientId" of Tickets.created.*durableName "d"/);
  });

  it('refuses an illegal subject', () => {
    expect(() => {
      assertSubscribable({ subject: 'a.>', subscription: resolve({}), connection: fixed });
    }).toThrow(InvalidSubjectError);
  });

  it('refuses dead letters that would come back to the handler', () => {
    const subscription = resolve({ deadLetter: { subject } });
    expect(() => {
      assertSubscribable({ subject, subscription, connection: fixed, where });
    }).toThrow(/"deadLetter.subject" of/);
  });
});
