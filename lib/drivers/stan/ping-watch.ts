import { systemClock } from '../../core/clock.js';
import type { Clock, ClockTimer } from '../../core/clock.js';
import type { NatsConnection } from './vendor-internals.js';

/** What a ping watch tells its session. */
export interface PingWatchListener {
  /** Two pings in a row had no answer. */
  onSilent(): void;
  /** An answer, after at least one ping that had none. */
  onAnswered(silentMs: number): void;
  /** The server does not know this client, or another one has its id. */
  onForgotten(): void;
}

/** What it pings with, of one session. */
export interface PingTarget {
  readonly nats: Pick<NatsConnection, 'requestOne' | 'closed'>;
  readonly subject: string;
  readonly body: Buffer;
}

/** Pings in a row without an answer after which the server is called silent. */
const missesOfSilence = 2;

/** A ping is answered at once by a server that lives; within this a loaded one answers too. Unit: milliseconds. */
const longestAnswerMs = 1_000;

/**
 * Finds out that STAN does not answer although the NATS connection stands, and that it does again. The vendor's client
 * pings as well, but says nothing before it gives the session up: {@link PingWatch} asks at the same interval, and after
 * the first miss without a pause.
 */
export class PingWatch {
  private timer: ClockTimer | undefined;
  /** Answers to an earlier round come too late. */
  private round = 0;
  private isAsking = false;
  private missCount = 0;
  private missedSince = 0;

  constructor(
    private readonly target: PingTarget,
    private readonly intervalMs: number,
    private readonly listener: PingWatchListener,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Starts, or starts over, forgetting what was missed. */
  start(): void {
    this.stop();
    this.waitForNextTurn();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.round += 1;
    this.isAsking = false;
    this.missCount = 0;
  }

  /** Asks now; does nothing where it is stopped, or where an answer is awaited. */
  ask(): void {
    // A request on a closed connection throws, here into a timer.
    if (this.timer === undefined || this.isAsking || this.target.nats.closed) return;
    this.isAsking = true;
    const { nats, subject, body } = this.target;
    const { round } = this;
    const askedAt = this.clock.nowMs();
    nats.requestOne(subject, body, {}, Math.min(longestAnswerMs, this.intervalMs), (reply) => {
      if (round !== this.round) return;
      this.isAsking = false;
      if (reply instanceof Error) this.miss(askedAt);
      else this.takeAnswer(reply);
    });
  }

  private waitForNextTurn(): void {
    this.timer = this.clock.startTimer(this.intervalMs, () => {
      this.waitForNextTurn();
      this.ask();
    });
    this.timer.unref();
  }

  private miss(askedAt: number): void {
    if (this.missCount === 0) this.missedSince = askedAt;
    this.missCount += 1;
    if (this.missCount === missesOfSilence) this.listener.onSilent();
    // The time an answer may take is pause enough.
    this.ask();
  }

  private takeAnswer(reply: unknown): void {
    const { missCount } = this;
    this.missCount = 0;
    // An empty answer is "you are registered"; anything else is the text "replaced or no longer registered".
    if (typeof reply !== 'string' || reply.length > 0) this.listener.onForgotten();
    else if (missCount > 0) this.listener.onAnswered(Math.round(this.clock.nowMs() - this.missedSince));
  }
}
