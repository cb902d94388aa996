import { checkHistory } from './nemesis/checker.js';
import type { HandlerRecord, HistoryFact, HistoryRecord } from './nemesis/history.js';
import { consumers } from './nemesis/history.js';

/** Writes a history of the nemesis by hand, one line every 100 ms. */
export class HistoryWriter {
  readonly records: HistoryRecord[] = [];

  /** `clock`: when it begins. */
  constructor(private clock = 1_000) {
    this.add({ type: 'serverGone' }).add({ type: 'server', server: 'S1', state: 'lost' });
  }

  add(fact: HistoryFact, at = (this.clock += 100)): this {
    this.records.push({ at, ...fact });
    return this;
  }

  rest(ms: number): this {
    this.clock += ms;
    return this;
  }

  published(id: number, server = 'S1', attempts = 1): this {
    return this.add({ type: 'publish', id }).add({ type: 'resolved', id, attempts, server });
  }

  handled(id: number, how: Partial<HandlerRecord> = {}, end: 'done' | 'failed' | 'none' = 'done'): this {
    const about = {
      ...{ process: consumers[0], incarnation: 1, subscription: 'group' as const, id, sequence: id, link: 0 },
      ...{ storedAt: this.clock, redelivered: false },
      ...how,
    };
    this.add({ ...about, type: 'start' });
    return end === 'none' ? this : this.add({ ...about, type: end });
  }

  /** By the group and by both audits. */
  handledByAll(id: number, how: Partial<HandlerRecord> = {}): this {
    this.handled(id, how);
    for (const process of consumers) this.handled(id, { process, subscription: 'audit', ...how });
    return this;
  }

  /** An ack that leaves a consumer. */
  acked(sequence: number, of: Partial<HandlerRecord> = {}): this {
    const { process = consumers[0], incarnation = 1, subscription = 'group' } = of;
    return this.add({ type: 'ack', process, incarnation, subscription, sequence });
  }

  restartedWithoutState(): this {
    return this.add({ type: 'serverGone' }).add({ type: 'server', server: 'S2', state: 'lost' });
  }

  failures(stalls: readonly string[] = []): string[] {
    const { checks } = checkHistory(this.records, stalls);
    return checks.filter(({ violations }) => violations.length > 0).map(({ name }) => name);
  }
}
