import type { Clock } from '../../core/clock.js';
import { publishOverheadBytes } from '../../core/publishing/index.js';

/** What becomes of an event whose serializer works; exactly one is called. */
interface EncodingOutcome {
  encoded(bytes: Buffer): void;
  failed(error: unknown): void;
  /** The client was closed first. */
  aborted(): void;
  /** The event's time was over first. */
  expired(): void;
}

interface PendingEncoding {
  readonly on: EncodingOutcome;
  readonly deadline: number;
  /** What it counts against the buffer. */
  bytes: number;
  /** What becomes of it once all before it are done; `undefined` while its serializer works. */
  proceed: (() => void) | undefined;
}

/**
 * Events whose serializer answers with a promise: each goes on in the order in which it came, whichever serializer is
 * done first, or fails at its deadline, so that one that never settles holds the others up no longer than that.
 * @internal
 */
export class PendingEncodings {
  /** In the order of arrival, and so of the deadlines. */
  private readonly pending = new Set<PendingEncoding>();
  private readonly emptyWaiters: (() => void)[] = [];
  private cancelTimer: (() => void) | undefined;
  private pendingBytes = 0;

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.pending.size;
  }

  /** What they count against the buffer: the overhead of each, and its bytes as soon as they are known. */
  get bytes(): number {
    return this.pendingBytes;
  }

  /** Waits for `bytes`, until `deadline` on the clock; then calls one of the callbacks, in turn. */
  add(bytes: Buffer | Promise<Buffer>, deadline: number, on: EncodingOutcome): void {
    const item: PendingEncoding = { on, deadline, bytes: publishOverheadBytes, proceed: undefined };
    this.pending.add(item);
    this.pendingBytes += item.bytes;
    this.cancelTimer ??= this.expireAt(deadline);
    const finish = (proceed: () => void, byteLength: number): void => {
      if (!this.pending.has(item)) return;
      item.proceed = proceed;
      item.bytes += byteLength;
      this.pendingBytes += byteLength;
      this.advance();
    };
    void Promise.resolve(bytes).then(
      (encoded) => finish(() => on.encoded(encoded), encoded.byteLength),
      (error: unknown) => finish(() => on.failed(error), 0),
    );
  }

  /** Resolves once none is pending. */
  drain(): Promise<void> {
    if (this.pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.emptyWaiters.push(resolve));
  }

  /** Drops all that are pending. */
  abort(): void {
    for (const item of [...this.pending]) {
      this.remove(item);
      item.on.aborted();
    }
    this.tellIfEmpty();
  }

  private advance(): void {
    for (const item of this.pending) {
      if (item.proceed === undefined) return;
      this.remove(item);
      item.proceed();
    }
    this.tellIfEmpty();
  }

  private expireAt(deadline: number): () => void {
    return this.clock.after(Math.max(1, deadline - this.clock.nowMs()), () => this.expire());
  }

  private expire(): void {
    this.cancelTimer = undefined;
    const now = this.clock.nowMs();
    for (const item of [...this.pending]) {
      if (item.deadline > now) break;
      this.remove(item);
      item.on.expired();
    }
    const [oldest] = this.pending;
    if (oldest !== undefined) this.cancelTimer ??= this.expireAt(oldest.deadline);
    this.advance();
  }

  private remove(item: PendingEncoding): void {
    this.pending.delete(item);
    this.pendingBytes -= item.bytes;
  }

  private tellIfEmpty(): void {
    if (this.pending.size > 0) return;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    for (const resolve of this.emptyWaiters.splice(0)) resolve();
  }
}
