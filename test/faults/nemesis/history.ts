import { createReadStream, existsSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** The two consuming processes: members of one durable queue group, and each with a durable of its own. */
export const consumers = ['consumer-1', 'consumer-2'] as const;
export type Consumer = (typeof consumers)[number];

/**
 * `group`: the durable queue group that both share. `audit`: each consumer's own durable, which gets everything.
 * `watch`: each consumer's subscription without a durable, which lives as long as its process.
 */
export type SubscriptionName = 'group' | 'audit' | 'watch';

/** What a fault struck. */
export type FaultTarget = 'server' | 'publisher' | Consumer;

/** One line of a history. Times are milliseconds since 1970 by the machine's one clock. */
export type HistoryRecord = { readonly at: number } & (
  | { readonly type: 'publish'; readonly id: number }
  /** `server`: the server process that acknowledged it, by its own id. */
  | { readonly type: 'resolved'; readonly id: number; readonly attempts: number; readonly server: string }
  | { readonly type: 'rejected'; readonly id: number; readonly code: string; readonly mayBeStored: boolean }
  | HandlerRecord
  | AckRecord
  /** A connection was lost or made again: deliveries before and after it are not of one stretch. */
  | ({ readonly type: 'link' } & ProcessName)
  | { readonly type: 'server'; readonly server: string; readonly state: 'kept' | 'lost' }
  /** The server process is gone for certain. */
  | { readonly type: 'serverGone' }
  /** What the metrics of a consumer say at its end. */
  | CountersRecord
  /** The server confirmed that everything stored before this moment was delivered to every subscription and acked. */
  | { readonly type: 'drained' }
  | { readonly type: 'fault'; readonly kind: string; readonly targets: readonly FaultTarget[]; readonly until: number }
  | { readonly type: 'exit'; readonly process: string; readonly incarnation: number; readonly how: string }
);

/** Which run of which process wrote a record. */
export interface ProcessName {
  readonly process: Consumer;
  /** Counts its starts. */
  readonly incarnation: number;
}

/** The sums of `stan_handled_total` by outcome, and the gauge of running handlers, when a process has closed. */
export interface CountersRecord extends ProcessName {
  readonly type: 'counters';
  readonly outcomes: Readonly<Record<string, number>>;
  readonly timed: number;
  readonly running: number;
}

/** A run of a handler begins, has finished, or has failed on purpose. */
export interface HandlerRecord extends ProcessName {
  readonly type: 'start' | 'done' | 'failed';
  readonly subscription: SubscriptionName;
  readonly id: number;
  readonly sequence: number;
  /** When the server stored it; tells apart equal sequences of a server that lost its state. */
  readonly storedAt: number;
  readonly redelivered: boolean;
  /** Counts the stretches of connection of this process. */
  readonly link: number;
}

/** An ack has left its process. */
export interface AckRecord extends ProcessName {
  readonly type: 'ack';
  readonly subscription: SubscriptionName;
  readonly sequence: number;
}

/** What a writer is given: the time is added. */
export type HistoryFact = HistoryRecord extends infer R ? (R extends { at: number } ? Omit<R, 'at'> : never) : never;

/** Appends to the file that all processes share; each line is with the kernel before the call returns. */
export function openHistory(path: string): (fact: HistoryFact, at?: number) => void {
  const file = openSync(path, 'a');
  return (fact, at = Date.now()) => {
    writeSync(file, `${JSON.stringify({ at, ...fact })}\n`);
  };
}

/** Reads what all processes have written; a last line that a killed process left unfinished is dropped. */
export async function readHistory(path: string): Promise<HistoryRecord[]> {
  if (!existsSync(path)) return [];
  const history: HistoryRecord[] = [];
  // Line by line: ten minutes are longer than a string may be.
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (line.startsWith('{') && line.endsWith('}')) history.push(JSON.parse(line) as HistoryRecord);
  }
  return history;
}
