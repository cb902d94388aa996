import { crc32 } from 'node:zlib';
import type { ClientRecord, ServerRecord, SubscriptionRecord } from '../store.js';
import { blockBytes } from './pending-blocks.js';

/**
 * The values of the file store. Each begins with the CRC-32 of the rest: LMDB has no checksums of its own, and a row that
 * a disk has changed must not be served.
 */
const crcBytes = 4;
/** Checksum and count of a block of messages. @internal */
export const blockHeadBytes = crcBytes + 4;

/** Raised in this folder only; the store turns it into a `StoreCorruptError` that names its directory. @internal */
export class RowDamagedError extends Error {}

/** A channel's name and the run of its sequences, as of the last flush. @internal */
export interface ChannelRow {
  readonly name: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** Up to which record of the write-ahead log the file has everything. @internal */
export interface AppliedRow {
  readonly record: number;
  /** The salts of the log's files, in hex; absent where the file needs no log, since it was closed. */
  readonly logs?: LogSalts;
}

/** @internal */
export type LogSalts = readonly [string, string];

/** Which layout the rows have. @internal */
export interface FormatRow {
  readonly format: string;
  readonly version: number;
}

/** The row of a block of pending deliveries; the bits are copied. @internal */
export function sealPending(bits: Uint8Array): Buffer {
  const row = Buffer.allocUnsafe(crcBytes + blockBytes);
  row.set(bits, crcBytes);
  return sealInPlace(row);
}

/** @internal */
export function openPending(row: Buffer, what: string): Uint8Array {
  const bits = unseal(row, what);
  if (bits.length !== blockBytes) throw new RowDamagedError(`${what} has ${String(bits.length)} bytes`);
  return bits;
}

/** @internal */
export function sealClient(record: ClientRecord): Buffer {
  return sealJson({ ...record, connectionId: Buffer.from(record.connectionId).toString('base64') });
}

/** @internal */
export function sealRecord(record: ServerRecord | SubscriptionRecord | ChannelRow | FormatRow | AppliedRow): Buffer {
  return sealJson(record);
}

function sealJson(record: object): Buffer {
  const body = Buffer.from(JSON.stringify(record));
  const row = Buffer.allocUnsafe(crcBytes + body.length);
  row.set(body, crcBytes);
  return sealInPlace(row);
}

/** @internal */
export function openRecord(row: Buffer, what: string): Record<string, unknown> {
  const parsed = parse(unseal(row, what), what);
  if (typeof parsed !== 'object' || parsed === null) throw new RowDamagedError(`${what} is not a record`);
  return parsed as Record<string, unknown>;
}

/** @internal */
export function openServer(row: Buffer): ServerRecord {
  return { clusterId: text(openRecord(row, 'the server row'), 'clusterId') };
}

/** @internal */
export function openApplied(row: Buffer): AppliedRow {
  const opened = openRecord(row, 'the row about the write-ahead log');
  const record = whole(opened, 'record');
  const { logs } = opened;
  if (logs === undefined) return { record };
  const [one, two] = Array.isArray(logs) ? (logs as unknown[]) : [];
  if (typeof one !== 'string' || typeof two !== 'string')
    throw new RowDamagedError('the field logs does not have two salts');
  return { record, logs: [one, two] };
}

/** @internal */
export function openClient(row: Buffer, clientId: string): ClientRecord {
  const record = openRecord(row, `the row of client ${clientId}`);
  return {
    clientId: text(record, 'clientId'),
    heartbeatInbox: text(record, 'heartbeatInbox'),
    connectionId: Buffer.from(text(record, 'connectionId'), 'base64'),
    protocol: whole(record, 'protocol'),
    pingIntervalSecs: whole(record, 'pingIntervalSecs'),
    pingMaxOut: whole(record, 'pingMaxOut'),
  };
}

/** @internal */
export function openChannel(row: Buffer, channel: number): ChannelRow {
  const record = openRecord(row, `the row of channel ${String(channel)}`);
  return {
    name: text(record, 'name'),
    firstSequence: whole(record, 'firstSequence'),
    lastSequence: whole(record, 'lastSequence'),
  };
}

/** @internal */
export function openSubscription(row: Buffer, id: number): SubscriptionRecord {
  const record = openRecord(row, `the row of subscription ${String(id)}`);
  return {
    id: whole(record, 'id'),
    clientId: text(record, 'clientId'),
    queueGroup: text(record, 'queueGroup'),
    inbox: text(record, 'inbox'),
    ackInbox: text(record, 'ackInbox'),
    maxInFlight: whole(record, 'maxInFlight'),
    ackWaitSecs: whole(record, 'ackWaitSecs'),
    durableName: text(record, 'durableName'),
    lastSent: whole(record, 'lastSent'),
    isDurable: record['isDurable'] === true,
    isClosed: record['isClosed'] === true,
  };
}

/** Writes the checksum into the bytes that a row has left for it. @internal */
export function sealInPlace(row: Buffer): Buffer {
  row.writeUInt32BE(crc32(row.subarray(crcBytes)), 0);
  return row;
}

/** What a row holds beside its checksum. @throws RowDamagedError unless it is as it was written. @internal */
export function unseal(row: Buffer, what: string): Buffer {
  if (row.length < crcBytes) throw new RowDamagedError(`${what} is cut short`);
  const body = row.subarray(crcBytes);
  if (crc32(body) !== row.readUInt32BE(0)) throw new RowDamagedError(`${what} has a wrong checksum`);
  return body;
}

function parse(body: Buffer, what: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new RowDamagedError(`${what} is not JSON`, { cause });
  }
}

function text(record: Record<string, unknown>, field: string): string {
  const value = record[field];
  if (typeof value !== 'string') throw new RowDamagedError(`the field ${field} is not a string`);
  return value;
}

function whole(record: Record<string, unknown>, field: string): number {
  const value = record[field];
  if (!Number.isSafeInteger(value)) throw new RowDamagedError(`the field ${field} is not a whole number`);
  return value as number;
}
