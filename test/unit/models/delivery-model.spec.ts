import fc from 'fast-check';
import { expect, it } from 'vitest';

import type { StartAt, StanSubscriptionOptions } from '../../../lib/core/options/index.js';
import { settled } from '../../support/fake-clock.js';
import type { FakeMessage } from '../../support/fake-driver.js';
import { FinalFailure, LaterFailure, PipelineHarness, makeMessage } from '../../support/pipeline-harness.js';
import { modelRuns, modelTimeoutMs } from '../../support/model-runs.js';

const ackWaitMs = 1_000;
const maxInFlight = 4;
/** A delivery that is lost again and again looks like an event that the channel has dropped. */
const mostDrops = 2;

type Step =
  | {
      readonly type: 'publish' | 'deliver' | 'drop' | 'loseSession' | 'restore' | 'loseAcks' | 'takeAcks';
    }
  | { readonly type: 'succeed' | 'fail' | 'failForGood' | 'later'; readonly pick: number }
  | { readonly type: 'advance'; readonly ms: number }
  | { readonly type: 'beginAnew'; readonly clockSkewNs: number };

const always = (type: 'publish' | 'deliver' | 'drop' | 'loseSession' | 'restore' | 'loseAcks' | 'takeAcks') =>
  fc.constant<Step>({ type });
const onRun = (type: 'succeed' | 'fail' | 'failForGood' | 'later') =>
  fc.record({ type: fc.constant(type), pick: fc.nat() });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: always('publish') },
  { weight: 8, arbitrary: always('deliver') },
  { weight: 3, arbitrary: always('drop') },
  { weight: 8, arbitrary: onRun('succeed') },
  { weight: 3, arbitrary: onRun('fail') },
  { weight: 1, arbitrary: onRun('failForGood') },
  { weight: 1, arbitrary: onRun('later') },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 1_500 }) }),
  },
  { weight: 2, arbitrary: always('loseSession') },
  { weight: 3, arbitrary: always('restore') },
  { weight: 1, arbitrary: always('loseAcks') },
  { weight: 2, arbitrary: always('takeAcks') },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('beginAnew' as const),
      clockSkewNs: fc.integer({ min: -10, max: 10 }).map((steps) => steps * 1_000_000),
    }),
  },
);

interface Stored {
  readonly id: string;
  readonly sequence: number;
  readonly timestampNs: number;
}

/** What the server knows of a subscription in one session. */
interface Session {
  next: number;
  readonly unacked: Map<number, { sentAtMs: number; count: number }>;
}

/** A pipeline at the driver port, and a model of the server at the other side of it. */
class Play {
  readonly harness: PipelineHarness;
  private log: Stored[] = [];
  private epoch = 1;
  private skewNs = 0;
  private session: Session | undefined = { next: 1, unacked: new Map() };
  private serverChanged = false;
  private acksAreLost = false;
  private readonly drops = new Map<string, number>();
  private readonly done = new Set<string>();
  private readonly ended = new Set<unknown>();
  private readonly violations: string[] = [];

  constructor(private readonly options: StanSubscriptionOptions) {
    this.harness = new PipelineHarness({ startAt: 'first', ackWaitMs, maxInFlight, ...options });
  }

  async take(next: Step): Promise<void> {
    switch (next.type) {
      case 'publish':
        this.publish();
        break;
      case 'deliver':
        this.deliver(false);
        break;
      case 'drop':
        this.deliver(true);
        break;
      case 'advance':
        await this.harness.clock.advance(next.ms);
        this.redeliver();
        break;
      case 'loseSession':
        this.session = undefined;
        break;
      case 'restore':
        this.restore();
        break;
      case 'loseAcks':
        this.acksAreLost = true;
        break;
      case 'takeAcks':
        this.acksAreLost = false;
        break;
      case 'beginAnew':
        this.session = undefined;
        this.serverChanged = true;
        this.log = [];
        this.epoch += 1;
        this.skewNs += next.clockSkewNs;
        break;
      case 'succeed':
      case 'fail':
      case 'failForGood':
      case 'later':
        await this.end(next);
        break;
    }
    await settled();
    this.expectRules();
  }

  /** No faults any more: everything must come to its end. */
  async comeToRest(): Promise<void> {
    this.acksAreLost = false;
    for (let round = 0; round < 40; round += 1) {
      this.restore();
      for (let left = this.log.length; left > 0; left -= 1) this.deliver(false);
      await settled();
      for (const run of this.open()) await this.end({ type: 'succeed', pick: this.open().indexOf(run) });
      await this.harness.clock.advance(ackWaitMs + 1);
      this.redeliver();
      await settled();
      this.expectRules();
    }
    // Events that were given up stay unacked on the server: as many as max in flight, and it sends no others.
    const givenUp = this.log.filter(({ sequence }) => this.isGivenUp(sequence)).length;
    if (givenUp < maxInFlight) expect(this.log.filter(({ id }) => !this.isDone(id)).map(({ id }) => id)).toEqual([]);
    expect([...(this.session?.unacked.keys() ?? [])].filter((sequence) => !this.isGivenUp(sequence))).toEqual([]);
    this.harness.pipeline.stop();
    expect(this.harness.clock.pendingCount()).toBe(0);
    expect(this.harness.pipeline.runningCount()).toBe(0);
  }

  private publish(): void {
    const sequence = this.log.length + 1;
    // The server's clock never goes back within its life, and no two servers store an event at the very same nanosecond.
    const nowNs = 1_700_000_000_000_000_000 + this.harness.clock.nowMs() * 1_000_000 + this.skewNs + this.epoch * 1_024;
    const timestampNs = Math.max(nowNs, this.log.at(-1)?.timestampNs ?? 0);
    this.log.push({ id: `${String(this.epoch)}:${String(sequence)}`, sequence, timestampNs });
  }

  private deliver(isLost: boolean): void {
    const { session } = this;
    if (session === undefined || session.unacked.size >= maxInFlight) return;
    const stored = this.log[session.next - 1];
    if (stored === undefined) return;
    session.next += 1;
    this.send(session, stored, isLost);
  }

  private redeliver(): void {
    const { session } = this;
    if (session === undefined) return;
    const now = this.harness.clock.nowMs();
    for (const [sequence, { sentAtMs }] of [...session.unacked]) {
      const stored = this.log[sequence - 1];
      if (stored !== undefined && now - sentAtMs >= ackWaitMs) this.send(session, stored, false);
    }
  }

  private send(session: Session, stored: Stored, isLost: boolean): void {
    const { sequence, timestampNs, id } = stored;
    const count = session.unacked.get(sequence)?.count ?? -1;
    session.unacked.set(sequence, { sentAtMs: this.harness.clock.nowMs(), count: count + 1 });
    const drops = this.drops.get(id) ?? 0;
    if (isLost && drops < mostDrops) {
      this.drops.set(id, drops + 1);
      return;
    }
    const message = makeMessage(sequence, {
      timestampNs,
      redeliveryCount: count + 1,
      data: JSON.stringify(id),
      isReachable: () => this.session === session,
    });
    this.listenToAck(message, session, id);
    this.harness.pipeline.accept(message);
  }

  private listenToAck(message: FakeMessage, session: Session, id: string): void {
    const ack = message.ack.bind(message);
    message.ack = () => {
      if (!ack()) return false;
      if (!this.isDone(id)) this.violations.push(`${id} was acked and has not run to its end`);
      if (!this.acksAreLost) session.unacked.delete(message.sequence);
      return true;
    };
  }

  private restore(): void {
    if (this.session !== undefined) return;
    const startAt = this.harness.pipeline.resumeAt(this.serverChanged);
    this.serverChanged = false;
    this.session = { next: firstSequence(startAt), unacked: new Map() };
  }

  private open() {
    return this.harness.runs.filter((run) => !this.ended.has(run));
  }

  private async end({ type, pick }: Extract<Step, { pick: number }>): Promise<void> {
    const open = this.open();
    const run = open[pick % Math.max(1, open.length)];
    if (run === undefined) return;
    this.ended.add(run);
    if (type === 'succeed') {
      this.done.add(run.data as string);
      await run.succeed();
    } else if (type === 'fail') await run.fail(new Error('again'));
    else if (type === 'failForGood') await run.fail(new FinalFailure('never'));
    else await run.fail(new LaterFailure(1_800));
  }

  private isDone(id: string): boolean {
    return (
      this.done.has(id) ||
      this.harness.deadLetters.some(({ payload }) => payload.data === JSON.stringify(id)) ||
      (this.options.deadLetter === false && this.failedForGood(id))
    );
  }

  private failedForGood(id: string): boolean {
    const [epoch, sequence] = id.split(':').map(Number);
    return (
      epoch === this.epoch &&
      this.harness.eventsOf('handlerError').some((event) => event.sequence === sequence && event.next === 'givenUp')
    );
  }

  private isGivenUp(sequence: number): boolean {
    return this.failedForGood(`${String(this.epoch)}:${String(sequence)}`);
  }

  private expectRules(): void {
    expect(this.violations).toEqual([]);
    const { concurrency = 4 } = this.options;
    expect(this.harness.pipeline.runningCount()).toBeLessThanOrEqual(concurrency);
  }
}

function firstSequence(startAt: StartAt): number {
  if (typeof startAt === 'object' && 'sequence' in startAt) return startAt.sequence;
  expect(startAt).toBe('first');
  return 1;
}

const options: fc.Arbitrary<StanSubscriptionOptions> = fc.record({
  concurrency: fc.integer({ min: 1, max: 4 }),
  retry: fc.constantFrom<NonNullable<StanSubscriptionOptions['retry']>>(false, {
    attempts: 2,
    delayMs: 300,
    jitter: 0,
  }),
  deadLetter: fc.constantFrom<NonNullable<StanSubscriptionOptions['deadLetter']>>(false, { subject: 'letters' }),
});

it(
  'acks nothing that has not run to its end, skips nothing, and leaves nothing behind, whatever the server and the wire do',
  async () => {
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { maxLength: 60, size: 'max' }), async (chosen, steps) => {
        const play = new Play(chosen);
        for (const next of steps) await play.take(next);
        await play.comeToRest();
      }),
      modelRuns(150),
    );
  },
  modelTimeoutMs,
);
