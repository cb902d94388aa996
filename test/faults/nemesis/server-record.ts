// What the servers of a cluster themselves wrote down of each delivery and each ack, by their trace: the ground on which a
// loss or a disorder is blamed on them.
import { createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Has a server trace what it sends and what is acked. */
export const traceFlags = ['-SD', '-SV'] as const;

/** Opens the file for the traces of all servers; the answer is false for lines that are no trace. */
export function openServerRecord(path: string): (line: string, node: number) => boolean {
  const file = openSync(path, 'a');
  return (line, node) => {
    const isTrace = line.includes('[TRC] STREAM: ');
    // Of the debug lines only those that say whose subscription a number is.
    if (isTrace ? line.includes(' seq=') : /subid=|leader (promotion|stepdown) actions/.test(line))
      writeSync(file, `${String(node)} ${line}\n`);
    return isTrace || line.includes('[DBG] STREAM: ');
  };
}

/** A delivery that a server put on its way. */
export interface Sent {
  readonly at: number;
  /** The server's number of the subscription: of a member where it is a group, of a session where there is no durable. */
  readonly subId: string;
  readonly isFirst: boolean;
  /** In which time of leadership, of all servers together, in their order. */
  readonly reign: number;
}

/** What the servers say of some sequences. Subscriptions by the checker's keys; a `watch` without its incarnation. */
export class ServerRecord {
  private readonly sent = new Map<string, Sent[]>();
  private readonly acked = new Set<string>();
  private readonly lastReign = new Map<string, number>();

  /** Reads the lines about these sequences, and of all others only when each subscription was served last. */
  static async read(path: string, sequences: ReadonlySet<number>): Promise<ServerRecord> {
    const record = new ServerRecord();
    const keys = await readSubscriptions(path);
    const reigns = new Map<string, number>();
    let count = 0;
    for await (const line of linesOf(path)) {
      const node = line.slice(0, line.indexOf(' '));
      if (line.includes('server became leader')) reigns.set(node, (count += 1));
      const [, at, what, subId = '', sequence] = deliveryOrAck.exec(line) ?? [];
      const key = keys.get(subId);
      if (at === undefined || key === undefined) continue;
      const reign = reigns.get(node) ?? 0;
      if (what !== 'Processing ack for') record.lastReign.set(key, reign);
      if (!sequences.has(Number(sequence))) continue;
      if (what === 'Processing ack for') record.acked.add(`${key} ${sequence ?? ''}`);
      else record.add(key, Number(sequence), { at: timeOf(at), subId, isFirst: what === 'Delivering msg to', reign });
    }
    return record;
  }

  sentTo(key: string, sequence: number): readonly Sent[] {
    return this.sent.get(`${key} ${String(sequence)}`) ?? [];
  }

  /** Whether a server has taken an ack for it, from any member where it is a group. */
  hasAck(key: string, sequence: number): boolean {
    return this.acked.has(`${key} ${String(sequence)}`);
  }

  /** The last time of leadership in which this subscription was sent anything. */
  lastReignFor(key: string): number {
    return this.lastReign.get(key) ?? 0;
  }

  private add(key: string, sequence: number, sent: Sent): void {
    const of = `${key} ${String(sequence)}`;
    const all = this.sent.get(of);
    if (all) all.push(sent);
    else this.sent.set(of, [sent]);
  }
}

const deliveryOrAck =
  /^\d+ \[\d+\] (\S+ \S+) \[TRC\] STREAM: \[Client:\S+\] (Delivering msg to|Redelivering msg to|Processing ack for) subid=(\d+), subject=\S+, seq=(\d+)/;

const subscription = /\[Client:(\S+)\] .*subscription, subject=\S+, inbox=\S+,( durable=| queue=)?.* subid=(\d+)/;

/**
 * The times without a leader: from the moment one gave it up, where it could still say so, until the next one served. Not all
 * are of the run's making: on a loaded machine a leader loses its office without any fault of ours.
 */
export async function readLeaderChanges(path: string): Promise<{ readonly at: number; readonly until: number }[]> {
  const changes: { at: number; until: number }[] = [];
  let lostAt: number | undefined;
  for await (const line of linesOf(path)) {
    const [, time, what] = leadership.exec(line) ?? [];
    if (time === undefined) continue;
    const at = timeOf(time);
    if (what === 'server lost leadership') lostAt ??= at;
    else if (what === 'server became leader') changes.push({ at: lostAt ?? at, until: at });
    else {
      const last = changes.at(-1);
      if (last) last.until = at;
      lostAt = undefined;
    }
  }
  return changes;
}

const leadership =
  /^\d+ \[\d+\] (\S+ \S+) \[INF\] STREAM: (server lost leadership|server became leader|finished leader promotion)/;

/** Whose subscription each number is; the servers of a cluster have the same numbers. */
async function readSubscriptions(path: string): Promise<Map<string, string>> {
  const keys = new Map<string, string>();
  for await (const line of linesOf(path)) {
    const [, client, kind, subId] = subscription.exec(line) ?? [];
    if (client === undefined || subId === undefined) continue;
    keys.set(subId, kind === ' queue=' ? 'group' : `${kind === ' durable=' ? 'audit' : 'watch'} of ${client}`);
  }
  return keys;
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Infinity });
}

/** `2026/11/26 04:45:46.321215`, local time. */
function timeOf(text: string): number {
  return Date.parse(text.replaceAll('/', '-').replace(' ', 'T'));
}
