import type { Clock } from '../clock.js';
import type { Driver, PublishAttemptDone, PublishAttemptError } from '../driver/driver.js';
import { PublishRefusedError, PublishTimeoutError, StanClosedError } from '../errors/index.js';
import type { StanError } from '../errors/index.js';
import type { ResolvedPublishOptions } from '../options/publish-options.js';
import { AckWatch } from './ack-watch.js';
import { PublishDeadlines } from './publish-deadlines.js';
import type { PublishEntry } from './publish-entry.js';
import { causedBy, closedError, tooLarge } from './publish-failures.js';
import { PublishQueue } from './publish-queue.js';

/** The driver as a ledger needs it. */
export type PublishDriver = Pick<
  Driver,
  'publish' | 'isReady' | 'on' | 'maxDataBytes' | 'checkServer' | 'ordersAcksBySubject'
>;

/** What the publishes of one order need of their ledger. */
export interface OrderedPublishesHost {
  readonly driver: PublishDriver;
  readonly options: ResolvedPublishOptions;
  readonly clock: Clock;
  /** One was sent for the first time. */
  onFirstSent(): void;
  /** One is settled, and has gone from the queue. */
  onRemoved(publishes: OrderedPublishes, entry: PublishEntry): void;
  /** From now on nothing but probes is sent, until it is known what became of those under way. */
  onProbing(publishes: OrderedPublishes): void;
  /** Something may be sent that could not be sent before. */
  pump(publishes: OrderedPublishes): void;
}

/**
 * Publishes that are not settled and whose acks come in the order in which they were sent: all of a connection, or all of
 * a subject where a broker keeps each subject by itself.
 * @internal
 */
export class OrderedPublishes {
  private readonly queue = new PublishQueue();
  private readonly deadlines: PublishDeadlines;
  private readonly ackWatch: AckWatch;
  /** Counts stretches of connection: in each, every pending publish is sent at most once. */
  private epoch = 0;
  /** Numbers the attempts of all publishes, in order of sending. */
  private attemptCount = 0;

  constructor(private readonly host: OrderedPublishesHost) {
    const { clock, options } = host;
    this.deadlines = new PublishDeadlines(clock, this.queue, (entry) => this.expire(entry));
    this.ackWatch = new AckWatch({
      clock,
      queue: this.queue,
      ackTimeoutMs: options.ackTimeoutMs,
      sendProbe: () => this.sendProbe(),
      onProbing: () => host.onProbing(this),
    });
  }

  get count(): number {
    return this.queue.count;
  }

  /** How many were sent and wait for the server's ack. */
  get sentCount(): number {
    return this.queue.sentCount;
  }

  /** True while nothing but probes may be sent. */
  get isProbing(): boolean {
    return this.ackWatch.isProbing;
  }

  get oldest(): PublishEntry | undefined {
    return this.queue.oldest;
  }

  append(entry: PublishEntry): void {
    this.queue.append(entry);
    this.deadlines.watch();
  }

  /**
   * Sends the oldest of those that are to be sent again, else, where the window has room, the oldest that was never sent.
   * False where there is none, or none may be sent now.
   */
  sendNext(windowHasRoom: boolean): boolean {
    if (this.ackWatch.isProbing) return false;
    const { queue } = this;
    const resend = queue.nextToResend(this.epoch);
    if (resend === undefined && !windowHasRoom) return false;
    const entry = resend ?? queue.nextToSend();
    if (entry === undefined) return false;
    if (this.keepsLimit(entry)) this.send(entry);
    return true;
  }

  /** Another stretch of connection: all that were sent are sent again. */
  startOver(): void {
    this.ackWatch.reset();
    this.sendAllAgain();
  }

  /** The server answers again after a silence. */
  probeNow(): void {
    this.ackWatch.probeNow();
  }

  /** Takes one out, to be settled by the caller. */
  remove(entry: PublishEntry): void {
    this.queue.remove(entry);
    // With nothing under way there is nothing to prove: what waits must not wait for the answer to a probe that is over.
    if (this.queue.sentCount === 0) this.ackWatch.reset();
    if (this.queue.count === 0) this.deadlines.rest();
    this.host.onRemoved(this, entry);
    entry.release();
  }

  stop(): void {
    this.deadlines.stop();
    this.ackWatch.stop();
  }

  /** The limit is unknown before the first session, and another server may have another one. */
  private keepsLimit(entry: PublishEntry): boolean {
    const limitBytes = this.host.driver.maxDataBytes(entry.subject, entry.headerText.length);
    if (limitBytes === undefined || limitBytes === entry.checkedLimitBytes) return true;
    entry.checkedLimitBytes = limitBytes;
    if (entry.data.byteLength <= limitBytes) return true;
    const error = tooLarge(entry.subject, entry.data, limitBytes);
    this.remove(entry);
    queueMicrotask(() => entry.settle(error, undefined));
    return false;
  }

  private send(entry: PublishEntry): void {
    if (entry.attempts === 0) this.host.onFirstSent();
    this.queue.markSent(entry, this.epoch);
    const attempt = entry.attempts;
    this.attemptCount += 1;
    const attemptNumber = this.attemptCount;
    const done: PublishAttemptDone = (error, guid, isDuplicate) => {
      if (error === undefined) this.onAck(entry, attemptNumber, guid, isDuplicate);
      else this.onAttemptFailed(entry, attempt, error);
    };
    this.host.driver.publish(entry.subject, entry.data, done, entry.headerText, entry.id);
    this.ackWatch.watch();
  }

  /** The oldest publish once more, whatever the window: it tells whether the attempts before it were lost. */
  private sendProbe(): number | undefined {
    this.host.driver.checkServer?.();
    const { oldest } = this.queue;
    if (oldest === undefined || !this.host.driver.isReady() || !this.keepsLimit(oldest)) return undefined;
    this.send(oldest);
    return this.attemptCount;
  }

  /** The ack of any attempt will do, a late one of an earlier session too: the event is stored. */
  private onAck(entry: PublishEntry, attemptNumber: number, guid: string, isDuplicate: boolean | undefined): void {
    if (this.ackWatch.isProbing && this.ackWatch.provesLoss(attemptNumber)) this.sendAllAgain();
    if (!entry.isSettled) {
      this.remove(entry);
      const receipt = { guid, subject: entry.subject, attempts: entry.sentCount };
      entry.settle(undefined, isDuplicate === true ? { ...receipt, duplicate: true } : receipt);
    }
    this.host.pump(this);
  }

  private sendAllAgain(): void {
    this.epoch += 1;
    this.queue.rewind();
  }

  /**
   * Only a refusal that nothing can mend, and a driver that was closed, settle the publish at once. After everything
   * else it keeps its place and is sent again: in the next stretch of connection, or in this one where it stands; or it
   * runs out of time.
   */
  private onAttemptFailed(entry: PublishEntry, attempt: number, { outcome, cause }: PublishAttemptError): void {
    if (entry.isSettled) return;
    entry.lastFailure = cause;
    if (outcome !== 'unknown') entry.failedAttempts += 1;
    if (outcome === 'not-sent') entry.unsentAttempts += 1;
    // An earlier attempt failed, and a later one is under way: that one decides.
    if (attempt !== entry.attempts) return;
    const error = finalErrorOf(entry, outcome, cause);
    if (error === undefined) {
      if (cause instanceof PublishRefusedError) this.ackWatch.suspect();
      return;
    }
    this.remove(entry);
    entry.settle(error, undefined);
    this.host.pump(this);
  }

  private expire(entry: PublishEntry): void {
    const { subject, sentCount, mayBeStored, lastFailure } = entry;
    const { publishTimeoutMs } = this.host.options;
    this.remove(entry);
    const facts = { subject, timeoutMs: publishTimeoutMs, attempts: sentCount, mayBeStored };
    entry.settle(new PublishTimeoutError(facts, causedBy(lastFailure)), undefined);
    this.host.pump(this);
  }
}

function finalErrorOf(
  entry: PublishEntry,
  outcome: PublishAttemptError['outcome'],
  cause: StanError,
): StanError | undefined {
  const { subject, mayBeStored } = entry;
  if (cause instanceof StanClosedError) return closedError(subject, mayBeStored, cause);
  if (outcome === 'unknown' || cause.retryable) return undefined;
  if (!(cause instanceof PublishRefusedError)) return cause;
  return mayBeStored ? new PublishRefusedError(subject, cause.reason, { cause, mayBeStored }) : cause;
}
