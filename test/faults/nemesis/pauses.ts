import type { HistoryRecord } from './history.js';

/** A time in which the publisher waited for an ack of its oldest publish, and no ack came. */
export interface Pause {
  readonly from: number;
  readonly until: number;
  /** The kinds of the faults that struck in it, or shortly before. */
  readonly faults: readonly string[];
}

type Fault = Extract<HistoryRecord, { readonly type: 'fault' }>;

/** How long before a pause the end of a fault may lie that still belongs to it. Unit: milliseconds. */
const aftermathMs = 1_000;

/**
 * The longest pause of publishing: of all, and of those in which nothing befell the publisher itself (its process was
 * not stopped or killed, its own network not spoilt), so that the servers alone are measured.
 */
export function longestPauses(history: readonly HistoryRecord[]): {
  readonly any: Pause | undefined;
  readonly ofServers: Pause | undefined;
} {
  const faults = history.filter((record): record is Fault => record.type === 'fault');
  const pauses = readPauses(history).map((pause) => ({ pause, during: faults.filter((it) => touches(it, pause)) }));
  const longest = (those: typeof pauses): Pause | undefined => {
    const [first] = those.toSorted((a, b) => lengthOf(b.pause) - lengthOf(a.pause));
    return first && { ...first.pause, faults: [...new Set(first.during.map(({ kind }) => kind))] };
  };
  const ofServers = pauses.filter(({ during }) => !during.some(({ targets }) => targets.includes('publisher')));
  return { any: longest(pauses), ofServers: longest(ofServers) };
}

const lengthOf = ({ from, until }: Pick<Pause, 'from' | 'until'>): number => until - from;

function touches(fault: Fault, { from, until }: Pick<Pause, 'from' | 'until'>): boolean {
  return fault.at <= until && fault.until + aftermathMs >= from;
}

/** From one ack to the next while something waits; what is rejected meanwhile ends no pause. */
function readPauses(history: readonly HistoryRecord[]): Pick<Pause, 'from' | 'until'>[] {
  const pauses: Pick<Pause, 'from' | 'until'>[] = [];
  const open = new Set<number>();
  let since: number | undefined;
  for (const record of history) {
    if (record.type === 'publish') {
      open.add(record.id);
      since ??= record.at;
    } else if (record.type === 'rejected') open.delete(record.id);
    else if (record.type === 'drained') since = open.size > 0 ? since : undefined;
    else if (record.type === 'resolved' || endsThePublisher(record)) {
      if (since !== undefined) pauses.push({ from: since, until: record.at });
      if (record.type === 'resolved') open.delete(record.id);
      else open.clear();
      since = open.size > 0 ? record.at : undefined;
    }
  }
  return pauses;
}

function endsThePublisher(record: HistoryRecord): boolean {
  return record.type === 'exit' && record.process === 'publisher';
}
