// Every ack that leaves a consumer, seen where its bytes are handed to the NATS client and not where the library decides.
import { createRequire } from 'node:module';
import type { Check } from './checker.js';
import { Epochs } from './epochs.js';
import type { AckRecord, HistoryRecord, ProcessName, SubscriptionName } from './history.js';
import { subscriptionKey } from './runs.js';

interface NatsClient {
  sendCommand(command: string | Buffer): void;
  close(): void;
}

/** What is read of the vendor's client: its subscriptions, each with the subject that takes its acks. */
interface VendorClient {
  readonly subMap: Readonly<Record<string, VendorSubscription>>;
}

interface VendorSubscription {
  readonly ackInbox: string | undefined;
  readonly qGroup: string | undefined;
  readonly opts: { readonly durableName?: string };
}

/** `PUB <ack inbox> <length>`, and behind it the ack: the subject, then its sequence at the end. */
const command = /^PUB (\S+) \d+\r\n/;

/** Calls `onAck` for each ack of this process, before it is handed over. */
export function watchAcks(
  vendorClient: () => VendorClient,
  onAck: (subscription: SubscriptionName, sequence: number) => void,
): void {
  const inboxes = new Map<string, SubscriptionName>();
  const nameOf = (inbox: string): SubscriptionName | undefined => {
    const known = inboxes.get(inbox);
    if (known !== undefined) return known;
    const subscription = Object.values(vendorClient().subMap).find(({ ackInbox }) => ackInbox === inbox);
    if (subscription === undefined) return undefined;
    const name = subscription.qGroup ? 'group' : subscription.opts.durableName ? 'audit' : 'watch';
    inboxes.set(inbox, name);
    return name;
  };
  const client = natsPrototype();
  const { sendCommand } = client;
  client.sendCommand = function (bytes) {
    const [head, inbox] = (Buffer.isBuffer(bytes) && command.exec(bytes.toString('latin1', 0, 120))) || [];
    // Publishes and requests go to subjects that begin with `_STAN`.
    if (head !== undefined && inbox?.startsWith('_INBOX.')) {
      const name = nameOf(inbox);
      if (name === undefined) throw new Error(`an ack to ${inbox}, which is no subscription's`);
      onAck(name, sequenceIn((bytes as Buffer).subarray(head.length)));
    }
    sendCommand.call(this, bytes);
  };
}

/** The class is not exported: it is read from an object that is closed at once. */
function natsPrototype(): NatsClient {
  const require = createRequire(createRequire(import.meta.url).resolve('node-nats-streaming'));
  const nats = require('nats') as { connect(options: object): NatsClient };
  const client = nats.connect({ servers: ['nats://127.0.0.1:1'], reconnect: false });
  (client as unknown as { on(event: string, listener: () => void): void }).on('error', () => undefined);
  client.close();
  return Object.getPrototypeOf(client) as NatsClient;
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
