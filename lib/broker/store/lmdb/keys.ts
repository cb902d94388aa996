import { createHash } from 'node:crypto';

/**
 * The keys of the file store. One byte says what a row is; numbers follow big-endian, so that LMDB's byte order is
 * their order and a channel's messages lie next to each other.
 *
 * | key | row |
 * |---|---|
 * | `F` | format stamp |
 * | `A` | up to which record of the write-ahead log the file has everything |
 * | `V` | whose state this is |
 * | `C` client id | one client |
 * | `H` channel number | a channel's name and the run of its sequences |
 * | `D` channel number | a deleted channel whose rows are still being removed |
 * | `M` channel number, sequence | messages that follow each other, up to that sequence |
 * | `S` channel number, subscription id | one subscription |
 * | `P` channel number, subscription id, sequence / 1 024 | which of 1 024 deliveries wait for their acks, as bits |
 *
 * A channel number is not given again while rows of it are left, so those of a deleted channel are never taken for a newer one's.
 */
const kinds = {
  format: 'F',
  applied: 'A',
  server: 'V',
  client: 'C',
  channel: 'H',
  deleted: 'D',
  message: 'M',
  subscription: 'S',
  pending: 'P',
} as const;

/** @internal */
export type RowKind = keyof typeof kinds;

const HIGH = 4_294_967_296;
/** LMDB refuses keys of more than 1 978 bytes, and with one key the whole batch. */
const longestKeyBytes = 1_900;

/** @internal */
export const formatKey = Buffer.from(kinds.format);
/** @internal */
export const appliedKey = Buffer.from(kinds.applied);
/** @internal */
export const serverKey = Buffer.from(kinds.server);

/** @internal */
export function clientKey(clientId: string): Buffer {
  const key = Buffer.from(kinds.client + clientId);
  if (key.length <= longestKeyBytes) return key;
  // No client id has a `#`; the row itself holds the id.
  return Buffer.from(`${kinds.client}#${createHash('sha256').update(clientId).digest('hex')}`);
}

/** @internal */
export function channelKey(channel: number): Buffer {
  return numbered(kinds.channel, channel, 5);
}

/** @internal */
export function deletedKey(channel: number): Buffer {
  return numbered(kinds.deleted, channel, 5);
}

/** @internal */
export function messageKey(channel: number, lastSequence: number): Buffer {
  const key = numbered(kinds.message, channel, 13);
  writeSequence(key, lastSequence, 5);
  return key;
}

/** The first row of messages that ends at `sequence` or later. @internal */
export function messageRangeFrom(channel: number, sequence: number): { start: Buffer; end: Buffer; limit: number } {
  return { start: messageKey(channel, sequence), end: rangeOf('message', channel).end, limit: 1 };
}

/** @internal */
export function subscriptionKey(channel: number, id: number): Buffer {
  const key = numbered(kinds.subscription, channel, 13);
  writeSequence(key, id, 5);
  return key;
}

/** @internal */
export function pendingKey(channel: number, id: number, block: number): Buffer {
  const key = numbered(kinds.pending, channel, 21);
  writeSequence(key, id, 5);
  writeSequence(key, block, 13);
  return key;
}

/** The channel number in a key that has one. @internal */
export function channelOf(key: Buffer): number {
  return key.readUInt32BE(1);
}

/** The subscription id of the key of a subscription or of pending deliveries, or the sequence of a message's. @internal */
export function firstNumberOf(key: Buffer): number {
  return readSequence(key, 5);
}

/** The block in the key of pending deliveries. @internal */
export function secondNumberOf(key: Buffer): number {
  return readSequence(key, 13);
}

/** All keys of a kind, or of one channel of it. @internal */
export function rangeOf(kind: RowKind, channel?: number): { start: Buffer; end: Buffer } {
  const letter = kinds[kind];
  if (channel !== undefined) return { start: numbered(letter, channel, 5), end: numbered(letter, channel + 1, 5) };
  return { start: Buffer.from(letter), end: Buffer.from([letter.charCodeAt(0) + 1]) };
}

function numbered(letter: string, channel: number, length: number): Buffer {
  const key = Buffer.allocUnsafe(length);
  key[0] = letter.charCodeAt(0);
  key.writeUInt32BE(channel, 1);
  return key;
}

function writeSequence(key: Buffer, sequence: number, offset: number): void {
  key.writeUInt32BE(Math.floor(sequence / HIGH), offset);
  key.writeUInt32BE(sequence % HIGH, offset + 4);
}

function readSequence(key: Buffer, offset: number): number {
  return key.readUInt32BE(offset) * HIGH + key.readUInt32BE(offset + 4);
}
