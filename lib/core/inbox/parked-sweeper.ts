import type { CountingSetup } from './counted-handler.js';
import type { ParkedGap } from '../event-store/event-store.js';
import type { ParkedEvents } from './parked-events.js';

/** Due events of one sweep; more are found by the next. */
const sweepLimit = 100;

/** How often ids past their retention are removed. Unit: milliseconds. */
const pruneEveryMs = 60_000;

/**
 * Looks every `store.sweepMs` for parked events that are due, for gaps that stay open, and for ids that are too old.
 * @internal
 */
export class ParkedSweeper {
  private cancel: (() => void) | undefined;
  private sweeping: Promise<void> | undefined;
  private stopped = false;
  private failing = false;
  private prunedAtMs = -Infinity;
  /** Age from which on a gap is reported next, by the gap's name. */
  private readonly reported = new Map<string, number>();
  private openGaps = 0;

  constructor(
    private readonly setup: CountingSetup,
    private readonly parked: ParkedEvents,
    /** Per consumer, how old a gap is when it is reported; empty where nothing is ever parked. */
    private readonly gapWarnMs: ReadonlyMap<string, number>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Gaps that are open for longer than their `gapWarnMs`, as the last sweep saw it. */
  get openGapCount(): number {
    return this.openGaps;
  }

  start(): void {
    if (this.stopped) return;
    this.cancel = this.setup.clock.after(this.setup.store.sweepMs, () => {
      this.sweeping = this.sweep().finally(() => this.start());
    });
  }

  /** Resolves when the sweep that runs has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    await this.sweeping;
  }

  /** Never rejects. */
  private async sweep(): Promise<void> {
    try {
      await this.resumeDue();
      await this.reportGaps();
      await this.prune();
      this.failing = false;
    } catch (error) {
      // Reported once per outage: it comes back every second.
      if (!this.failing) this.onFailure(error);
      this.failing = true;
    }
  }

  private async resumeDue(): Promise<void> {
    const consumers = [...this.gapWarnMs.keys()];
    if (consumers.length === 0) return;
    const due = await this.setup.store.dueParked(consumers, Date.now(), sweepLimit);
    for (const entity of due) {
      if (this.stopped) return;
      await this.parked.resume(entity);
    }
  }

  private async reportGaps(): Promise<void> {
    if (this.gapWarnMs.size === 0) return;
    const now = Date.now();
    const youngest = Math.min(...this.gapWarnMs.values());
    const gaps = await this.setup.store.gaps([...this.gapWarnMs.keys()], now - youngest);
    const open = gaps.filter((gap) => now - gap.sinceMs >= this.warnMsOf(gap));
    this.openGaps = open.length;
    const names = new Set(open.map(nameOf));
    for (const name of this.reported.keys()) if (!names.has(name)) this.reported.delete(name);
    for (const gap of open) this.reportGap(gap, now - gap.sinceMs);
  }

  private reportGap(gap: ParkedGap, ageMs: number): void {
    const name = nameOf(gap);
    if (ageMs < (this.reported.get(name) ?? 0)) return;
    let nextMs = this.warnMsOf(gap);
    while (nextMs <= ageMs) nextMs *= 2;
    this.reported.set(name, nextMs);
    const { consumer, stream, key, expected, parked, sinceMs } = gap;
    this.setup.emit({ type: 'gapOpen', consumer, stream, key, expected, parked, since: new Date(sinceMs) });
  }

  private warnMsOf({ consumer }: ParkedGap): number {
    return this.gapWarnMs.get(consumer) ?? Infinity;
  }

  private async prune(): Promise<void> {
    const { clock, store } = this.setup;
    if (clock.nowMs() - this.prunedAtMs < pruneEveryMs) return;
    this.prunedAtMs = clock.nowMs();
    await store.prune(Date.now() - store.retentionMs);
  }
}

function nameOf({ consumer, stream, key, expected }: ParkedGap): string {
  return JSON.stringify([consumer, stream, key, expected]);
}
