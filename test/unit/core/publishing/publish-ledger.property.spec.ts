import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PublishRefusedError, SessionLostError } from '../../../../lib/core/errors/index.js';
import { modelRuns, modelTimeoutMs } from '../../../support/model-runs.js';
import { nextTurn } from '../../../support/wait.js';
import { LedgerHarness } from './ledger-harness.js';

type Step =
  | { readonly type: 'publish'; readonly count: number }
  | { readonly type: 'ack' | 'refuse' | 'forget' | 'unsent'; readonly pick: number }
  | { readonly type: 'loseTransport' | 'restoreTransport' | 'loseSession' | 'restoreSession' | 'giveUp' | 'close' }
  /** STAN dies while the connection stands: what is under way is gone, and nothing tells. */
  | { readonly type: 'fallSilent' | 'answerAgain' | 'loseSilently' }
  | { readonly type: 'notLeader'; readonly pick: number }
  | { readonly type: 'advance'; readonly ms: number };

type AttemptStep = 'ack' | 'refuse' | 'forget' | 'unsent' | 'notLeader';

const always = <Type extends Step['type']>(type: Type) => fc.constant({ type });
const onAttempt = (type: AttemptStep) => fc.record({ type: fc.constant(type), pick: fc.nat() });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 12, arbitrary: onAttempt('ack') },
  { weight: 3, arbitrary: onAttempt('refuse') },
  { weight: 2, arbitrary: onAttempt('forget') },
  { weight: 2, arbitrary: onAttempt('unsent') },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 600 }) }) },
  { weight: 2, arbitrary: onAttempt('notLeader') },
  { weight: 2, arbitrary: always('loseSilently') },
  { weight: 2, arbitrary: always('fallSilent') },
  { weight: 3, arbitrary: always('answerAgain') },
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
const notLeader = new PublishRefusedError('ticket:created', 'node is not the leader', { retryable: true });

/** Plays a random history, and looks at the rules after every step. */
class Play {
  readonly acked = new Set<string>();
  published = 0;
  /** What was open when STAN died: no answer comes to it any more. */
  private readonly lost = new Set<unknown>();
  /** For each attempt, the oldest publish that had no outcome when it was made. */
  readonly oldestAtSend: string[] = [];

  constructor(
    readonly harness: LedgerHarness,
    /** The events go to so many subjects in turn. */
    private readonly subjectCount: number,
  ) {
    const { driver } = harness;
    const publish = driver.publish.bind(driver);
    driver.publish = (subject, data, done, headerText) => {
      this.oldestAtSend[driver.attempts.length] = this.oldestOf(subject);
      publish(subject, data, done, headerText);
    };
  }

  subjectOf(index: number): string {
    return `subject-${index % this.subjectCount}`;
  }

  private oldestOf(subject: string): string {
    const told = new Set(this.harness.told.map(({ name }) => name));
    for (let index = 0; ; index += 1) {
      if (this.subjectOf(index) === subject && !told.has(`event-${index}`)) return `event-${index}`;
    }
  }

  run(step: Step): void {
    this.take(step);
    this.expectWindow();
  }

  private take(step: Step): void {
    const { driver, clock, ledger } = this.harness;
    switch (step.type) {
      case 'publish':
        for (let left = step.count; left > 0; left -= 1) {
          this.harness.publish(`event-${this.published}`, { subject: this.subjectOf(this.published) });
          this.published += 1;
        }
        break;
      case 'advance':
        clock.advanceSync(step.ms);
        break;
      case 'close':
        ledger.close();
        break;
      case 'ack':
      case 'refuse':
      case 'forget':
      case 'unsent':
      case 'notLeader':
        this.answer(step.type, step.pick);
        break;
      case 'loseSilently':
        for (const attempt of driver.openAttempts) this.lost.add(attempt);
        break;
      case 'fallSilent':
      case 'answerAgain':
      case 'restoreTransport':
      case 'restoreSession':
      case 'loseTransport':
      case 'loseSession':
      case 'giveUp':
        driver[step.type]();
    }
  }

  private answer(type: AttemptStep, pick: number): void {
    const open = this.harness.driver.openAttempts.filter((attempt) => !this.lost.has(attempt));
    const attempt = open[pick % open.length];
    if (attempt === undefined) return;
    if (type === 'ack') this.acked.add(attempt.text);
    if (type === 'ack') attempt.ack();
    else if (type === 'refuse') attempt.refuse(new PublishRefusedError(attempt.subject, 'refused'));
    else if (type === 'forget') attempt.refuse(new SessionLostError('orders-0', 'forgotten'));
    else if (type === 'notLeader') attempt.fail(pick % 2 === 0 ? 'refused' : 'unknown', notLeader);
    else attempt.fail('not-sent', new SessionLostError('orders-0', 'gone'));
  }

  private expectWindow(): void {
    const settled = new Set(this.harness.told.map(({ name }) => name));
    const unacked = new Set(this.harness.sent.filter((name) => !settled.has(name)));
    // A subject that was silent may be over the window when it answers again.
    if (this.subjectCount === 1) expect(unacked.size).toBeLessThanOrEqual(windowSize);
    expect(this.harness.ledger.inFlightCount).toBe(unacked.size);
  }
}

function numbers(sent: readonly string[]): number[] {
  return sent.map((name) => Number(name.slice('event-'.length)));
}

function expectAscending(values: readonly number[]): void {
  expect(values).toEqual([...values].sort((a, b) => a - b));
}

function expectOrder(play: Play, subject: string): void {
  const attempts = play.harness.driver.attempts.map(({ text }, index) => ({ text, oldest: play.oldestAtSend[index] }));
  const own = attempts.filter((_attempt, index) => play.harness.driver.attempts[index]?.subject === subject);
  expectAscending(numbers([...new Set(own.map(({ text }) => text))]));
  // Order only ever goes back to the oldest that has no outcome, and ascends from there.
  for (const [index, { text, oldest }] of own.entries()) {
    const [before] = numbers(own.slice(Math.max(0, index - 1), index).map((attempt) => attempt.text));
    if (before !== undefined && before >= Number(numbers([text])[0])) expect(text).toBe(oldest);
  }
}

it.each([
  ['of the connection', 1],
  ['of each subject', 3],
])(
  'whatever happens, each publish has one outcome, success means stored, and the order %s is kept',
  async (_of, subjectCount) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80 }), async (steps) => {
        const harness = await LedgerHarness.connected(
          { maxPublishInFlight: windowSize, publishTimeoutMs: 1_000, ackTimeoutMs: 100 },
          { ordersAcksBySubject: subjectCount > 1 },
        );
        const play = new Play(harness, subjectCount);
        for (const next of steps) play.run(next);
        // The rest runs out of time, so that everything has an outcome.
        harness.clock.advanceSync(1_000);
        await nextTurn();
        expect(harness.told).toHaveLength(play.published);
        expect(harness.told.every(({ timesTold }) => timesTold === 1)).toBe(true);
        expect(harness.ledger).toMatchObject({ pendingCount: 0, pendingBytes: 0, inFlightCount: 0 });
        for (const { name, receipt, error } of harness.told) {
          expect(receipt === undefined).toBe(error !== undefined);
          if (receipt !== undefined) expect(play.acked.has(name)).toBe(true);
          // An error that says "not stored" is true: no attempt was acked, not even later.
          if (error !== undefined && play.acked.has(name)) expect(error).toMatchObject({ mayBeStored: true });
        }
        for (let index = 0; index < subjectCount; index += 1) expectOrder(play, play.subjectOf(index));
      }),
      modelRuns(500),
    );
  },
  modelTimeoutMs,
);
