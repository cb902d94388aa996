import { FactMissingError } from './fact-missing.error.js';
import type { FactKind, FactPredicate, HarnessFact } from './harness-fact.js';
import { describeFact, renderTimeline } from './timeline.js';
import type { TimelineEntry } from './timeline.js';

/** What is waited for, complete. @internal */
export interface Expectation {
  readonly kind: FactKind;
  readonly subject: string;
  readonly predicate: FactPredicate<never> | undefined;
  readonly times: number;
  readonly timeoutMs: number;
}

/**
 * Everything that has happened, in order, and those who wait for more.
 * @internal
 */
export class FactLog {
  private readonly facts: HarnessFact[] = [];
  private readonly entries: TimelineEntry[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly startedAt = performance.now();
  /** How far the broker's clock has been moved. */
  clockMs = 0;

  add(fact: Omit<HarnessFact, 'atMs' | 'clockMs'>): void {
    const complete = { ...fact, ...this.now() };
    this.facts.push(complete);
    this.entries.push({ ...this.now(), text: describeFact(complete) });
    for (const watcher of this.watchers) watcher();
  }

  /** Puts a remark into the timeline. */
  remark(text: string): void {
    this.entries.push({ ...this.now(), text });
  }

  all(kind: FactKind, subject: string): HarnessFact[] {
    return this.facts.filter((fact) => fact.kind === kind && fact.subject === subject);
  }

  get timeline(): string {
    return renderTimeline(this.entries);
  }

  /** Resolves with the fact that completes the expectation: one that has happened already, or the next that does. */
  async expect(expectation: Expectation): Promise<HarnessFact> {
    let timer: NodeJS.Timeout | undefined;
    let watcher: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        watcher = () => {
          const found = this.find(expectation);
          if (found !== undefined) resolve(found);
        };
        timer = setTimeout(() => reject(this.missing(expectation)), expectation.timeoutMs);
        this.watchers.add(watcher);
        watcher(); // may throw, as a user's predicate does: the promise rejects with it
      });
    } finally {
      clearTimeout(timer);
      if (watcher !== undefined) this.watchers.delete(watcher);
    }
  }

  private find({ kind, subject, predicate, times }: Expectation): HarnessFact | undefined {
    const fitting = this.all(kind, subject).filter((fact) => predicate?.(fact.data as never, fact as never) ?? true);
    return fitting[times - 1];
  }

  private missing(expectation: Expectation): FactMissingError {
    const { kind, subject, predicate, times, timeoutMs } = expectation;
    const seen = this.all(kind, subject).length;
    const which = predicate === undefined ? '' : ' matching the predicate';
    const often = times === 1 ? '' : ` (${String(times)} times)`;
    const others = seen === 0 ? 'none so far' : `${String(seen)} so far, matching or not`;
    const text = `"${kind}" on "${subject}"${which}${often}`;
    return new FactMissingError(`${text} (${others})`, timeoutMs, this.timeline);
  }

  private now(): { atMs: number; clockMs: number } {
    return { atMs: performance.now() - this.startedAt, clockMs: this.clockMs };
  }
}
