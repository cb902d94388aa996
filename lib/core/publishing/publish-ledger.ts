import type { Driver, PublishAttemptDone, PublishAttemptError } from '../driver/driver.js';
import type { DriverEvent } from '../driver/driver-event.js';
import {
  InvalidSubjectError,
  NotConnectedError,
  PayloadTooLargeError,
  PublishBufferFullError,
  PublishRefusedError,
  PublishTimeoutError,
  StanClosedError,
} from '../errors/index.js';
import type { StanError } from '../errors/index.js';
import type { ResolvedPublishOptions } from '../options/publish-options.js';
import { AckWatch } from './ack-watch.js';
import { systemClock } from '../clock.js';
import type { Clock } from '../clock.js';
import { PublishDeadlines } from './publish-deadlines.js';
import { PublishEntry } from './publish-entry.js';
import type { PublishOutcome } from './publish-entry.js';
import { PublishQueue } from './publish-queue.js';
import { PublishSubjects } from './publish-subjects.js';

/** The driver as the ledger needs it. */
type PublishDriver = Pick<Driver, 'publish' | 'isReady' | 'on' | 'maxDataBytes' | 'checkServer'>;

/**
 * What a ledger works with.
 * @internal
 */
export interface PublishLedgerSetup {
  readonly driver: PublishDriver;
  readonly options: ResolvedPublishOptions;
  /** @defaultValue the process's own clock */
  readonly clock?: Clock;
}

/**
 * What each pending publish costs beside its payload; counted against `maxPendingPublishBytes`, so that empty payloads
 * cannot grow the buffer without end. About what V8 takes for the entry, its closures and a promise.
 * @internal
 */
export const publishOverheadBytes = 256;

/**
 * Keeps the books of everything that is being published: each publish is settled exactly once, and with success only
 * after the server's ack.
 *
 * At most `maxPublishInFlight` are sent and not settled. The rest wait, in order; payloads and overhead of all that are
 * not settled together take at most `maxPendingPublishBytes`. When a session or the transport is lost, all that were
 * sent are sent again, in order and before the waiting ones, once the driver is ready. So they are where acks fail to come
 * although the connection stands, as when STAN fails over ({@link AckWatch}). After `publishTimeoutMs` a publish fails; an
 * ack that comes later changes nothing.
 * @internal
 */
export class PublishLedger {
  private readonly driver: PublishDriver;
  private readonly options: ResolvedPublishOptions;
  private readonly clock: Clock;
  private readonly queue = new PublishQueue();
  private readonly deadlines: PublishDeadlines;
  private readonly ackWatch: AckWatch;
  private readonly subjects = new PublishSubjects();
  private readonly stopListening: () => void;
  /** Counts stretches of connection: in each, every pending publish is sent at most once. */
  private epoch = 0;
  /** Numbers the attempts of all publishes, in order of sending. */
  private attemptCount = 0;
  private bytes = 0;
  private closed = false;
  /** Why no session will ever come again. */
  private gaveUpBy: StanError | undefined;
  private whenEmpty: (() => void)[] = [];

  constructor({ driver, options, clock = systemClock }: PublishLedgerSetup) {
    this.driver = driver;
    this.options = options;
    this.clock = clock;
    this.deadlines = new PublishDeadlines(clock, this.queue, (entry) => this.expire(entry));
    this.ackWatch = new AckWatch({
      clock,
      queue: this.queue,
      ackTimeoutMs: options.ackTimeoutMs,
      sendProbe: () => this.sendProbe(),
    });
    this.stopListening = driver.on((event) => this.onDriverEvent(event));
  }

  /** How many publishes are not settled. */
  get pendingCount(): number {
    return this.queue.count;
  }

  /** How many of them were sent and wait for the server's ack. */
  get inFlightCount(): number {
    return this.queue.sentCount;
  }

  /** What counts against `maxPendingPublishBytes` now. */
  get pendingBytes(): number {
    return this.bytes;
  }

  /**
   * Publishes `data`, now or as soon as the window and the connection allow. The bytes must not be changed afterwards.
   * `outcome` is settled exactly once, never from inside this call. `headerText` are its headers in their text form.
   * `deadline` is when its time is over, where that has begun before: never earlier than that of the publish before.
   */
  publish(
    subject: string,
    data: Uint8Array,
    outcome: PublishOutcome,
    headerText = '',
    deadline = this.clock.nowMs() + this.options.publishTimeoutMs,
  ): void {
    const limitBytes = this.driver.maxDataBytes(subject, headerText.length);
    const refusal = this.refusalOf(subject, data, headerText, limitBytes);
    // In whole milliseconds: V8 keeps a number with a fraction as an object of its own, one per pending publish.
    const entry = new PublishEntry(subject, data, Math.ceil(deadline), outcome, headerText);
    if (refusal !== undefined) {
      queueMicrotask(() => entry.settle(refusal, undefined));
      return;
    }
    entry.checkedLimitBytes = limitBytes;
    this.bytes += costOf(data, headerText);
    this.queue.append(entry);
    this.deadlines.watch();
    this.pump();
  }

  /** Resolves once nothing is pending, at the latest `publishTimeoutMs` after the last publish. */
  drain(): Promise<void> {
    if (this.queue.count === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenEmpty.push(resolve));
  }

  /** Fails everything that is pending, oldest first, and refuses all that comes later. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopListening();
    this.failAll((entry) => closedError(entry.subject, entry.mayBeStored, entry.lastFailure));
    this.deadlines.stop();
    this.ackWatch.stop();
  }

  private refusalOf(
    subject: string,
    data: Uint8Array,
    headerText: string,
    limitBytes: number | undefined,
  ): StanError | undefined {
    if (this.closed) return closedError(subject, false);
    if (this.gaveUpBy !== undefined) return notConnected(subject, this.gaveUpBy, false);
    const problem = this.subjects.problemOf(subject);
    if (problem !== undefined) return new InvalidSubjectError(subject, problem);
    if (limitBytes !== undefined && data.byteLength > limitBytes) return tooLarge(subject, data, limitBytes);
    const { maxPendingPublishBytes } = this.options;
    if (this.bytes + costOf(data, headerText) > maxPendingPublishBytes) {
      return new PublishBufferFullError(this.bytes, maxPendingPublishBytes);
    }
    return undefined;
  }

  private pump(): void {
    const { driver, queue } = this;
    while (!this.ackWatch.isProbing && driver.isReady()) {
      const resend = queue.nextToResend(this.epoch);
      if (resend === undefined && queue.sentCount >= this.options.maxPublishInFlight) return;
      const entry = resend ?? queue.nextToSend();
      if (entry === undefined) return;
      if (this.keepsLimit(entry)) this.send(entry);
    }
  }

  /** The limit is unknown before the first session, and another server may have another one. */
  private keepsLimit(entry: PublishEntry): boolean {
    const limitBytes = this.driver.maxDataBytes(entry.subject, entry.headerText.length);
    if (limitBytes === undefined || limitBytes === entry.checkedLimitBytes) return true;
    entry.checkedLimitBytes = limitBytes;
    if (entry.data.byteLength <= limitBytes) return true;
    const error = tooLarge(entry.subject, entry.data, limitBytes);
    this.remove(entry);
    queueMicrotask(() => entry.settle(error, undefined));
    return false;
  }

  private send(entry: PublishEntry): void {
    this.queue.markSent(entry, this.epoch);
    const attempt = entry.attempts;
    this.attemptCount += 1;
    const attemptNumber = this.attemptCount;
    const done: PublishAttemptDone = (error, guid, isDuplicate) => {
      if (error === undefined) this.onAck(entry, attemptNumber, guid, isDuplicate);
      else this.onAttemptFailed(entry, attempt, error);
    };
    this.driver.publish(entry.subject, entry.data, done, entry.headerText, entry.id);
    this.ackWatch.watch();
  }

  /** The oldest publish once more, whatever the window: it tells whether the attempts before it were lost. */
  private sendProbe(): number | undefined {
    this.driver.checkServer?.();
    const { oldest } = this.queue;
    if (oldest === undefined || !this.driver.isReady() || !this.keepsLimit(oldest)) return undefined;
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
    this.pump();
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
    this.pump();
  }

  private expire(entry: PublishEntry): void {
    const { subject, sentCount, mayBeStored, lastFailure } = entry;
    const { publishTimeoutMs } = this.options;
    this.remove(entry);
    const facts = { subject, timeoutMs: publishTimeoutMs, attempts: sentCount, mayBeStored };
    entry.settle(new PublishTimeoutError(facts, causedBy(lastFailure)), undefined);
    this.pump();
  }

  private remove(entry: PublishEntry): void {
    this.bytes -= costOf(entry.data, entry.headerText);
    this.queue.remove(entry);
    entry.release();
    // With nothing under way there is nothing to prove: what waits must not wait for the answer to a probe that is over.
    if (this.queue.sentCount === 0) this.ackWatch.reset();
    if (this.queue.count > 0) return;
    this.deadlines.rest();
    for (const resolve of this.whenEmpty.splice(0)) resolve();
  }

  private failAll(errorOf: (entry: PublishEntry) => StanError): void {
    // One that a callback publishes is refused by now, and gets its outcome later.
    for (let entry = this.queue.oldest; entry !== undefined; entry = this.queue.oldest) {
      const error = errorOf(entry);
      this.remove(entry);
      entry.settle(error, undefined);
    }
  }

  private onDriverEvent(event: DriverEvent): void {
    if (event.type === 'transportRestored' || event.type === 'sessionRestored') {
      this.ackWatch.reset();
      this.sendAllAgain();
    } else if (event.type === 'serverAnswered') {
      this.ackWatch.probeNow();
    } else if (event.type === 'gaveUp') {
      this.gaveUpBy = event.error;
      this.failAll((entry) => notConnected(entry.subject, event.error, entry.mayBeStored));
    } else if (event.type === 'status' && event.status === 'closed') {
      this.close();
    }
    this.pump();
  }
}

function costOf(data: Uint8Array, headerText: string): number {
  return data.byteLength + headerText.length + publishOverheadBytes;
}

function tooLarge(subject: string, { byteLength }: Uint8Array, limitBytes: number): StanError {
  return new PayloadTooLargeError(subject, byteLength, Math.max(0, limitBytes));
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

function closedError(subject: string, mayBeStored: boolean, cause?: StanError): StanClosedError {
  return new StanClosedError(`publish to "${subject}"${doubt(mayBeStored)}`, { mayBeStored, ...causedBy(cause) });
}

function notConnected(subject: string, cause: StanError, mayBeStored: boolean): NotConnectedError {
  return new NotConnectedError(`publish to "${subject}"${doubt(mayBeStored)}`, { mayBeStored, cause });
}

function doubt(mayBeStored: boolean): string {
  return mayBeStored ? ' (it was sent, and may be stored)' : '';
}

function causedBy(cause: StanError | undefined): ErrorOptions {
  return cause === undefined ? {} : { cause };
}
