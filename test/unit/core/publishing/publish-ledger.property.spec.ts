import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PublishRefusedError, SessionLostError } from '../../../../lib/core/errors/index.js';
import { nextTurn } from '../../../support/wait.js';
import { PublishDesk } from './publish-desk.js';

type Step =
  | { readonly type: 'publish'; readonly count: number }
  | { readonly type: 'ack' | 'refuse' | 'forget' | 'unsent'; readonly pick: number }
  | { readonly type: 'loseTransport' | 'restoreTransport' | 'loseSession' | 'restoreSession' | 'giveUp' | 'close' }
  | { readonly type: 'advance'; readonly ms: number };

const always = <Type extends Step['type']>(type: Type) => fc.constant({ type });
const onAttempt = (type: 'ack' | 'refuse' | 'forget' | 'unsent') =>
  fc.record({ type: fc.constant(type), pick: fc.nat() });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 12, arbitrary: onAttempt('ack') },
  { weight: 3, arbitrary: onAttempt('refuse') },
  { weight: 2, arbitrary: onAttempt('forget') },
  { weight: 2, arbitrary: onAttempt('unsent') },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 600 }) }) },
  { weight: 2, arbitrary: always('loseTransport') },
  { weight: 3, arbitrary: always('restoreTransport') },
  { weight: 2, arbitrary: always('loseSession') },
  { weight: 3, arbitrary: always('restoreSession') },
  {
    weight: 1,
    arbitrary: fc.oneof({ weight: 4, arbitrary: always('close') }, { weight: 1, arbitrary: always('giveUp') }),
  },
);

const windowSize = 4;

/** Plays a random history, and looks at the rules after every step. */
class Play {
  readonly acked = new Set<string>();
  published = 0;
  /** Where in the attempts each stretch of connection begins. */
  readonly stretchStarts = [0];

  constructor(readonly desk: PublishDesk) {}

  run(step: Step): void {
    this.take(step);
    this.expectWindow();
  }

  private take(step: Step): void {
    const { driver, clock, ledger } = this.desk;
    switch (step.type) {
      case 'publish':
        for (let left = step.count; left > 0; left -= 1) this.desk.publish(`event-${this.published++}`);
        break;
      case 'advance':
        clock.advance(step.ms);
        break;
      case 'close':
        ledger.close();
        break;
      case 'ack':
      case 'refuse':
      case 'forget':
      case 'unsent':
        this.answer(step.type, step.pick);
        break;
      case 'restoreTransport':
      case 'restoreSession':
        this.stretchStarts.push(driver.attempts.length);
        driver[step.type]();
        break;
      case 'loseTransport':
      case 'loseSession':
      case 'giveUp':
        driver[step.type]();
    }
  }

  private answer(type: 'ack' | 'refuse' | 'forget' | 'unsent', pick: number): void {
    const open = this.desk.driver.openAttempts;
    const attempt = open[pick % open.length];
    if (attempt === undefined) return;
    if (type === 'ack') this.acked.add(attempt.text);
    if (type === 'ack') attempt.ack();
    else if (type === 'refuse') attempt.refuse(new PublishRefusedError(attempt.subject, 'refused'));
    else if (type === 'forget') attempt.refuse(new SessionLostError('orders-0', 'forgotten'));
    else attempt.fail('not-sent', new SessionLostError('orders-0', 'gone'));
  }

  private expectWindow(): void {
    const settled = new Set(this.desk.told.map(({ name }) => name));
    const unacked = new Set(this.desk.sent.filter((name) => !settled.has(name)));
    expect(unacked.size).toBeLessThanOrEqual(windowSize);
    expect(this.desk.ledger.inFlightCount).toBe(unacked.size);
  }
}

function numbers(sent: readonly string[]): number[] {
  return sent.map((name) => Number(name.slice('event-'.length)));
}

function expectAscending(values: readonly number[]): void {
  expect(values).toEqual([...values].sort((a, b) => a - b));
}

it('whatever happens, each publish has one outcome, success means stored, and the order is kept', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80 }), async (steps) => {
      const desk = await PublishDesk.connected({ maxPublishInFlight: windowSize, publishTimeoutMs: 1_000 });
      const play = new Play(desk);
      for (const next of steps) play.run(next);
      // The rest runs out of time, so that everything has an outcome.
      desk.clock.advance(1_000);
      await nextTurn();
      expect(desk.told).toHaveLength(play.published);
      expect(desk.told.every(({ timesTold }) => timesTold === 1)).toBe(true);
      expect(desk.ledger).toMatchObject({ pendingCount: 0, pendingBytes: 0, inFlightCount: 0 });
      for (const { name, receipt, error } of desk.told) {
        expect(receipt === undefined).toBe(error !== undefined);
        if (receipt !== undefined) expect(play.acked.has(name)).toBe(true);
        // An error that says "not stored" is true: no attempt was acked, not even later.
        if (error !== undefined && play.acked.has(name)) expect(error).toMatchObject({ mayBeStored: true });
      }
      expectAscending(numbers([...new Set(desk.sent)]));
      for (const [index, start] of play.stretchStarts.entries()) {
        expectAscending(numbers(desk.sent.slice(start, play.stretchStarts[index + 1])));
      }
    }),
    { numRuns: 500 },
  );
});
