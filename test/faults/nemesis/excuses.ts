// What a cluster does at a change of its leader, which no client can know or undo, and which the checker of one server takes
// for a fault of ours. Excused is only what the servers' own record proves, violation by violation.
import type { Check } from './checker.js';
import type { HistoryRecord } from './history.js';
import type { Sent, ServerRecord } from './server-record.js';
import { keyOfAck } from './sent-acks.js';

/** A violation that the servers' record explains. */
export interface Excuse {
  readonly violation: string;
  readonly proof: string;
  /** Whether it is an event that a subscription did not handle, and not one that came out of order. */
  readonly isLoss: boolean;
}

/** Where a violation says that a subscription did not handle something, or that something came out of order. */
interface Claim {
  readonly violation: string;
  readonly key: string;
  /** Every sequence under which the event was seen. */
  readonly missing?: readonly number[];
  readonly outOfOrder?: Disorder;
}

/** The first delivery of `sequence` came at this moment, after that of `after`. */
interface Disorder {
  readonly sequence: number;
  readonly after: number;
  readonly at: number;
}

const neverHandled = /^event (\d+), resolved at \d+, was never handled by (.+)$/;
const leftOut = /^(watch of [^#]+)#\d+: event \d+:(\d+) was left out$/;
const cameAfter =
  /^(group|audit of \S+|watch of [^#]+)(?:#\d+)? in \S+, stretch \d+, epoch \d+: (\d+) came first after (\d+) at (\d+)$/;

/** Takes out of the checks what is proven to be the servers' doing. `read` is asked once, for the sequences in question. */
export async function excuseServers(
  checks: readonly Check[],
  history: readonly HistoryRecord[],
  read: (sequences: ReadonlySet<number>) => Promise<ServerRecord>,
): Promise<{ readonly checks: readonly Check[]; readonly excuses: readonly Excuse[] }> {
  const violations = checks.flatMap((check) => check.violations);
  const claims = readClaims(violations, history);
  if (claims.length === 0) return { checks, excuses: [] };
  const asked = claims.flatMap(({ missing = [], outOfOrder }) =>
    outOfOrder ? [outOfOrder.sequence, outOfOrder.after] : missing,
  );
  const record = await read(new Set(asked));
  const acks = new Set(history.flatMap((it) => (it.type === 'ack' ? [keyOfAck(it)] : [])));
  const excuses = claims.flatMap((claim) => {
    const proof = proofOf(claim, record, acks);
    return proof === undefined ? [] : [{ violation: claim.violation, proof, isLoss: claim.outOfOrder === undefined }];
  });
  const excused = new Set(excuses.map(({ violation }) => violation));
  const left = checks.map((check) => ({ ...check, violations: check.violations.filter((it) => !excused.has(it)) }));
  return { checks: left, excuses };
}

function readClaims(violations: readonly string[], history: readonly HistoryRecord[]): Claim[] {
  const sequences = sequencesOf(history, violations);
  return violations.flatMap((violation): Claim[] => {
    const [, id, key] = neverHandled.exec(violation) ?? [];
    if (id !== undefined && key !== undefined)
      return [{ violation, key, missing: [...(sequences.get(Number(id)) ?? [])] }];
    const [, watch, sequence] = leftOut.exec(violation) ?? [];
    if (watch !== undefined) return [{ violation, key: watch, missing: [Number(sequence)] }];
    const [, subscription, first, after, at] = cameAfter.exec(violation) ?? [];
    if (subscription === undefined) return [];
    return [
      { violation, key: subscription, outOfOrder: { sequence: Number(first), after: Number(after), at: Number(at) } },
    ];
  });
}

/** As what the events of the first kind of violation were stored, by what any subscription saw of them. */
function sequencesOf(history: readonly HistoryRecord[], violations: readonly string[]): Map<number, Set<number>> {
  const ids = violations.flatMap((violation) => neverHandled.exec(violation)?.[1] ?? []);
  const found = new Map(ids.map((id) => [Number(id), new Set<number>()]));
  for (const record of history) if (record.type === 'start') found.get(record.id)?.add(record.sequence);
  return found;
}

function proofOf(claim: Claim, record: ServerRecord, acks: ReadonlySet<string>): string | undefined {
  const { key, missing = [], outOfOrder } = claim;
  if (outOfOrder) return proofOfTwoReigns(key, outOfOrder, record);
  const proofs = missing.map((sequence) => proofOfForgetting(key, sequence, record, acks));
  return proofs.length > 0 && proofs.every((proof) => proof !== undefined) ? proofs.join('; ') : undefined;
}

/**
 * Forgotten by the servers [STAN-FO-5, STAN-FO-6]: a leader sent it to this subscription, none took an ack for it, none left
 * us, and a later leader served the subscription without sending it, to the end, where none waits for an ack any more.
 */
function proofOfForgetting(
  key: string,
  sequence: number,
  record: ServerRecord,
  acks: ReadonlySet<string>,
): string | undefined {
  const last = record.sentTo(key, sequence).at(-1);
  const isAcked = record.hasAck(key, sequence) || acks.has(`${key} ${String(sequence)}`);
  if (last === undefined || isAcked) return undefined;
  const servedUntil = record.lastReignFor(key);
  if (servedUntil <= last.reign) return undefined;
  return (
    `sequence ${String(sequence)} was sent to ${key} last at ${String(last.at)} by leader ${String(last.reign)}, never acked, ` +
    `and not sent again by the leaders after it, up to ${String(servedUntil)}`
  );
}

/**
 * One leader sends in order; the next one sends again, as first deliveries, what the one before had sent [STAN-FO-4]: to the
 * same subscription at the server, so the same member where it is a group, and before the event came.
 */
function proofOfTwoReigns(key: string, { sequence, after, at }: Disorder, record: ServerRecord): string | undefined {
  const firstOf = (one: number): readonly Sent[] =>
    record.sentTo(key, one).filter((sent) => sent.isFirst && sent.at <= at);
  for (const later of firstOf(sequence)) {
    const earlier = firstOf(after).find(({ subId, reign }) => subId === later.subId && reign < later.reign);
    if (earlier)
      return (
        `subscription ${later.subId} was sent ${String(after)} first by leader ${String(earlier.reign)} at ${String(earlier.at)}, ` +
        `and ${String(sequence)} first by leader ${String(later.reign)} at ${String(later.at)}`
      );
  }
  return undefined;
}
