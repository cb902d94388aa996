// Every ack that leaves a consumer, seen in the bytes that are handed to the socket and not where the library decides.
import { Socket } from 'node:net';
import type { Check } from './checker.js';
import { Epochs } from './epochs.js';
import type { AckRecord, HistoryRecord, ProcessName, SubscriptionName } from './history.js';
import { subscriptionKey } from './runs.js';

/** What is read of the vendor's client: its subscriptions, each with the subject that takes its acks. */
interface VendorClient {
  readonly subMap: Readonly<Record<string, VendorSubscription>>;
}

interface VendorSubscription {
  readonly ackInbox: string | undefined;
  readonly qGroup: string | undefined;
  readonly opts: { readonly durableName?: string };
}

/** Calls `onAck` for each ack that this process writes to the server at `port`, before it is written. */
export function watchAcks(
  port: number,
  vendorClient: () => VendorClient,
  onAck: (subscription: SubscriptionName, sequence: number) => void,
): void {
  const inboxes = new Map<string, SubscriptionName>();
  const learn = (): void => {
    for (const { ackInbox, qGroup, opts } of Object.values(vendorClient().subMap))
      if (ackInbox !== undefined) inboxes.set(ackInbox, qGroup ? 'group' : opts.durableName ? 'audit' : 'watch');
  };
  const write = Socket.prototype.write as (this: Socket, ...parameters: unknown[]) => boolean;
  Socket.prototype.write = function (this: Socket, ...parameters: unknown[]) {
    const [bytes] = parameters;
    if (this.remotePort === port && Buffer.isBuffer(bytes)) {
      for (const [subject, payload] of publishesIn(bytes)) {
        // Publishes and requests go to subjects that begin with `_STAN`.
        if (!subject.startsWith('_INBOX.')) continue;
        if (!inboxes.has(subject)) learn();
        const name = inboxes.get(subject);
        if (name === undefined) throw new Error(`an ack to ${subject}, which is no subscription's`);
        onAck(name, sequenceIn(payload));
      }
    }
    return write.apply(this, parameters);
  };
}

/** The subjects and payloads of the `PUB <subject> [<reply>] <length>` in a piece of what is written; commands are whole in it. */
export function* publishesIn(bytes: Buffer): Generator<readonly [subject: string, payload: Buffer]> {
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return;
    const words = bytes.toString('latin1', at, lineEnd).split(' ');
    at = lineEnd + 2;
    if (words[0] !== 'PUB') continue;
    const length = Number(words.at(-1));
    yield [words[1] ?? '', bytes.subarray(at, at + length)];
    at += length + 2;
  }
}

/** Field 1 of the ack is the subject, with its length; field 2 the sequence, as a varint. */
function sequenceIn(ack: Buffer): number {
  let at = 2 + (ack[1] ?? 0) + 1;
  let sequence = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = ack[at++] ?? 0;
    sequence += (byte & 0x7f) * factor;
    if (byte < 0x80) return sequence;
  }
}

/**
 * No event is acked before its handler has finished, in the same process: what is acked is never sent again. A subscription
 * without a durable may be sent, in a later session, what came before it began: that is passed over, and acked.
 */
export function checkAcks(history: readonly HistoryRecord[]): Check {
  const epochs = new Epochs(history);
  const beginnings = firstSequences(history, epochs);
  const finished = new Set<string>();
  const violations: string[] = [];
  for (const record of history) {
    if (record.type === 'done') finished.add(keyOf(record));
    if (record.type !== 'ack' || finished.has(keyOf(record))) continue;
    const beganAt = beginnings.get(beginningKey(record, epochs.storedIn(record.at))) ?? Infinity;
    if (record.subscription === 'watch' && record.sequence < beganAt) continue;
    violations.push(`${keyOf(record)} was acked at ${String(record.at)}, and its handler had not finished`);
  }
  // The watch sees what the library and the vendor's client write: where they write otherwise, it would find nothing wrong.
  if (finished.size > 0 && countAcks(history) === 0) violations.push('no ack was seen of all that was handled');
  return { name: 'no ack leaves before the handler has finished', violations };
}

/** The lowest sequence that each process handled without a durable, of each life of the server's state. */
function firstSequences(history: readonly HistoryRecord[], epochs: Epochs): Map<string, number> {
  const first = new Map<string, number>();
  for (const record of history) {
    if (record.type !== 'start' || record.subscription !== 'watch') continue;
    const key = beginningKey(record, epochs.storedIn(record.storedAt));
    first.set(key, Math.min(record.sequence, first.get(key) ?? Infinity));
  }
  return first;
}

const beginningKey = (process: ProcessName, epoch: number): string => `${runOf(process)} in epoch ${String(epoch)}`;

const runOf = ({ process, incarnation }: ProcessName): string => `${process}#${String(incarnation)}`;

export function countAcks(history: readonly HistoryRecord[]): number {
  return history.filter(({ type }) => type === 'ack').length;
}

/** The subscription at the server by the checker's key, a `watch` without its incarnation, and the sequence. */
export function keyOfAck(ack: AckRecord): string {
  return `${subscriptionKey(ack).replace(/#\d+$/, '')} ${String(ack.sequence)}`;
}

function keyOf({
  process,
  incarnation,
  subscription,
  sequence,
}: ProcessName & { readonly subscription: SubscriptionName; readonly sequence: number }): string {
  return `sequence ${String(sequence)} at ${subscription} in ${process}#${String(incarnation)}`;
}
