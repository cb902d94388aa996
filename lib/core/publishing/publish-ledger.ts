import type { DriverEvent } from '../driver/driver-event.js';
import { InvalidSubjectError, PublishBufferFullError } from '../errors/index.js';
import type { StanError } from '../errors/index.js';
import type { ResolvedPublishOptions } from '../options/publish-options.js';
import { systemClock } from '../clock.js';
import type { Clock } from '../clock.js';
import { OrderedPublishes } from './ordered-publishes.js';
import type { OrderedPublishesHost, PublishDriver } from './ordered-publishes.js';
import { PublishEntry } from './publish-entry.js';
import type { PublishOutcome } from './publish-entry.js';
import { closedError, notConnected, tooLarge } from './publish-failures.js';
import { PublishSubjects } from './publish-subjects.js';

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

/** So many subjects are remembered without a publish of theirs; a user may make up subjects without end. */
const maxIdleSubjects = 1_000;

/**
 * Keeps the books of everything that is being published: each publish is settled exactly once, and with success only
 * after the server's ack.
 *
 * At most `maxPublishInFlight` are sent and not settled. The rest wait, in order; payloads and overhead of all that are
 * not settled together take at most `maxPendingPublishBytes`. When a session or the transport is lost, all that were
 * sent are sent again, in order and before the waiting ones, once the driver is ready. So they are where acks fail to come
 * although the connection stands, as when STAN fails over ({@link OrderedPublishes}): those whose acks come in one order,
 * which are all of them or, with another broker, those of a subject. After `publishTimeoutMs` a publish fails; an
 * ack that comes later changes nothing.
 * @internal
 */
export class PublishLedger {
  private readonly driver: PublishDriver;
  private readonly options: ResolvedPublishOptions;
  private readonly clock: Clock;
  private readonly subjects = new PublishSubjects();
  private readonly stopListening: () => void;
  private readonly host: OrderedPublishesHost;
  /** All publishes, where their acks come in one order. */
  private readonly single: OrderedPublishes | undefined;
  /** Otherwise those of each subject. */
  private readonly bySubject = new Map<string, OrderedPublishes>();
  /** Those that may have publishes which were never sent; whose turn comes next stands first. */
  private readonly unsent = new Set<OrderedPublishes>();
  /** Those that have been found to probe, and may do so still. */
  private readonly probing = new Set<OrderedPublishes>();
  private count = 0;
  private sentCount = 0;
  private bytes = 0;
  private closed = false;
  /** Why no session will ever come again. */
  private gaveUpBy: StanError | undefined;
  private whenEmpty: (() => void)[] = [];

  constructor({ driver, options, clock = systemClock }: PublishLedgerSetup) {
    this.driver = driver;
    this.options = options;
    this.clock = clock;
    this.host = {
      ...{ driver, options, clock },
      onFirstSent: () => (this.sentCount += 1),
      onRemoved: (publishes, entry) => this.onRemoved(publishes, entry),
      onProbing: (publishes) => this.onProbing(publishes),
      pump: (publishes) => this.pump(publishes),
    };
    if (driver.ordersAcksBySubject !== true) this.single = new OrderedPublishes(this.host);
    this.stopListening = driver.on((event) => this.onDriverEvent(event));
  }

  /** How many publishes are not settled. */
  get pendingCount(): number {
    return this.count;
  }

  /** How many of them were sent and wait for the server's ack. */
  get inFlightCount(): number {
    return this.sentCount;
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
    this.count += 1;
    const publishes = this.single ?? this.ofSubject(subject);
    publishes.append(entry);
    this.pump(publishes);
  }

  /** Resolves once nothing is pending, at the latest `publishTimeoutMs` after the last publish. */
  drain(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenEmpty.push(resolve));
  }

  /** Fails everything that is pending, oldest first, and refuses all that comes later. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopListening();
    this.failAll((entry) => closedError(entry.subject, entry.mayBeStored, entry.lastFailure));
    for (const publishes of this.all()) publishes.stop();
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

  private all(): Iterable<OrderedPublishes> {
    return this.single === undefined ? this.bySubject.values() : [this.single];
  }

  private ofSubject(subject: string): OrderedPublishes {
    const known = this.bySubject.get(subject);
    if (known !== undefined) return known;
    const made = new OrderedPublishes(this.host);
    this.bySubject.set(subject, made);
    return made;
  }

  /** Sends what may be sent, after something has changed for these publishes. */
  private pump(publishes: OrderedPublishes): void {
    const { driver, single } = this;
    if (single === undefined) {
      this.pumpInTurn(publishes);
      return;
    }
    let hasMore = true;
    while (hasMore && driver.isReady()) hasMore = single.sendNext(this.windowHasRoom());
  }

  /** One publish of each subject in turn, so that none waits for the backlog of another. */
  private pumpInTurn(publishes: OrderedPublishes): void {
    const { driver, unsent } = this;
    let hasMore = true;
    while (hasMore && driver.isReady()) hasMore = publishes.sendNext(false);
    unsent.add(publishes);
    while (driver.isReady() && this.windowHasRoom()) {
      const [next] = unsent;
      if (next === undefined) return;
      unsent.delete(next);
      if (next.sendNext(true)) unsent.add(next);
    }
  }

  /** Publishes that wait for the answer to a probe, as to a stream without a leader, keep nothing from the others. */
  private windowHasRoom(): boolean {
    const { probing } = this;
    let inFlight = this.sentCount;
    if (probing.size > 0) {
      for (const publishes of probing) {
        if (publishes.isProbing) inFlight -= publishes.sentCount;
        else probing.delete(publishes);
      }
    }
    return inFlight < this.options.maxPublishInFlight;
  }

  private onProbing(publishes: OrderedPublishes): void {
    if (this.single !== undefined) return;
    this.probing.add(publishes);
    this.pump(publishes);
  }

  private onRemoved(publishes: OrderedPublishes, entry: PublishEntry): void {
    this.bytes -= costOf(entry.data, entry.headerText);
    this.count -= 1;
    if (entry.attempts > 0) this.sentCount -= 1;
    if (publishes.count === 0 && this.bySubject.size > maxIdleSubjects) this.forget(publishes, entry.subject);
    if (this.count > 0) return;
    for (const resolve of this.whenEmpty.splice(0)) resolve();
  }

  private forget(publishes: OrderedPublishes, subject: string): void {
    publishes.stop();
    this.bySubject.delete(subject);
    this.unsent.delete(publishes);
    this.probing.delete(publishes);
  }

  private failAll(errorOf: (entry: PublishEntry) => StanError): void {
    for (const publishes of [...this.all()]) {
      // One that a callback publishes is refused by now, and gets its outcome later.
      for (let entry = publishes.oldest; entry !== undefined; entry = publishes.oldest) {
        const error = errorOf(entry);
        publishes.remove(entry);
        entry.settle(error, undefined);
      }
    }
  }

  private onDriverEvent(event: DriverEvent): void {
    if (event.type === 'transportRestored' || event.type === 'sessionRestored') {
      for (const publishes of this.all()) publishes.startOver();
    } else if (event.type === 'serverAnswered') {
      for (const publishes of this.all()) publishes.probeNow();
    } else if (event.type === 'gaveUp') {
      this.gaveUpBy = event.error;
      this.failAll((entry) => notConnected(entry.subject, event.error, entry.mayBeStored));
    } else if (event.type === 'status' && event.status === 'closed') {
      this.close();
    }
    for (const publishes of this.all()) this.pump(publishes);
  }
}

function costOf(data: Uint8Array, headerText: string): number {
  return data.byteLength + headerText.length + publishOverheadBytes;
}
