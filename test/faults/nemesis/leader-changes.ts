// What the servers of a cluster do at a change of their leader, which no client can know, and which the checker of one
// server would take for a fault of ours.
import type { HandlerRecord, HistoryRecord } from './history.js';

type Start = HandlerRecord & { readonly at: number };

/**
 * How long after it has become the leader it may send again what the one before had sent. Unit: milliseconds.
 * Deliveries of the one before, held up by another fault, may come in between.
 */
const disorderMs = 15_000;

/** How long before the next leader an event may have been sent for the next one not to know of it. Unit: milliseconds. */
const forgottenWithinMs = 15_000;

/**
 * The history as the checker of one server can read it.
 *
 * A new leader sends again, as first deliveries, what the one before had sent and not told it yet [STAN-FO-4]: where first
 * deliveries go back after a change of the leader, a new stretch begins. And it may never send to a queue group what had
 * been sent to a member that did not ack it, where it knows of a later event that was sent to another member [STAN-FO-5]:
 * such events are taken out, and returned by name.
 */
export function readAcrossLeaders(
  history: readonly HistoryRecord[],
  changes: readonly number[],
): { readonly history: readonly HistoryRecord[]; readonly forgotten: readonly string[] } {
  if (changes.length === 0) return { history, forgotten: [] };
  const forgotten = forgottenByGroup(history, changes);
  const kept = history.filter((record) => record.type !== 'resolved' || !forgotten.has(record.id));
  return { history: inStretches(kept, changes), forgotten: [...forgotten.values()] };
}

const subscriptionOf = ({ subscription, process, incarnation }: HandlerRecord): string =>
  `${subscription} in ${process}#${String(incarnation)}`;

function isStart(record: HistoryRecord): record is Start {
  return record.type === 'start';
}

/** Renumbers the stretches of connection. */
function inStretches(history: readonly HistoryRecord[], changes: readonly number[]): HistoryRecord[] {
  const latest = new Map<string, { link: number; sequence: number; added: number }>();
  return history.map((record) => {
    if (!isStart(record)) return record;
    const key = subscriptionOf(record);
    const before = latest.get(key) ?? { link: record.link, sequence: 0, added: 0 };
    const goesBack = !record.redelivered && record.link === before.link && record.sequence <= before.sequence;
    const added = before.added + (goesBack && follows(record.at, changes) ? 1 : 0);
    if (!record.redelivered) latest.set(key, { link: record.link, sequence: record.sequence, added });
    return { ...record, link: record.link + added * 1_000_000 };
  });
}

function follows(at: number, changes: readonly number[]): boolean {
  return changes.some((change) => change <= at && at <= change + disorderMs);
}

/** Acknowledged events that a member of the group has got and not handled before a change, and that never came again. */
function forgottenByGroup(history: readonly HistoryRecord[], changes: readonly number[]): Map<number, string> {
  const handled = new Set<number>();
  const lastSeen = new Map<number, Start>();
  for (const record of history) {
    if (record.type === 'done' && record.subscription === 'group') handled.add(record.id);
    // The other subscriptions see each event at the same time: so one that was lost on its way to the group is dated too.
    if (isStart(record) && (record.subscription === 'group' || !lastSeen.has(record.id)))
      lastSeen.set(record.id, record);
  }
  const forgotten = new Map<number, string>();
  for (const { id, at, process, sequence } of lastSeen.values()) {
    const next = changes.find((change) => change >= at);
    if (handled.has(id) || next === undefined || next > at + forgottenWithinMs) continue;
    forgotten.set(
      id,
      `event ${String(id)}, sequence ${String(sequence)}, sent to ${process} ${String(next - at)} ms before`,
    );
  }
  return forgotten;
}
