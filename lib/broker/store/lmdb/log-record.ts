import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { RowDamagedError } from './rows.js';

/** One row as a batch leaves it; without a row its key is removed. @internal */
export interface RowChange {
  readonly key: Buffer;
  readonly row: Buffer | undefined;
}

/** One batch of the write-ahead log. @internal */
export interface LogRecord {
  readonly number: number;
  readonly changes: readonly RowChange[];
}

/**
 * A file of the log begins with a mark and a random salt. Its records follow each other: salt, number, length, CRC-32, and
 * then the changes. The salt is part of every checksum and is told to nobody, so that no payload can pass for a record.
 */
const mark = Buffer.from('nestjs-stan log1');
const saltBytes = 4;
const numberAt = saltBytes;
const lengthAt = numberAt + 6;
const checksumAt = lengthAt + 4;
const recordHeadBytes = checksumAt + 4;
const changeHeadBytes = 6;
const removedLength = 0xffffffff;
/** A new file whose first write was cut short is no longer than a page. */
const pageBytes = 4_096;

/** @internal */
export const fileHeadBytes = mark.length + saltBytes;

/** @internal */
export function fileHead(salt: Buffer): Buffer {
  return Buffer.concat([mark, salt]);
}

/**
 * The salt of a file; undefined for one that holds nothing yet, or whose first write was cut short.
 * @throws RowDamagedError for a file that is no log
 * @internal
 */
export function saltOf(file: Buffer): Buffer | undefined {
  const head = file.subarray(0, fileHeadBytes);
  if (file.length <= pageBytes && head.every((byte) => byte === 0)) return undefined;
  const isCut = head.length < fileHeadBytes;
  if (isCut && head.subarray(0, mark.length).equals(mark.subarray(0, head.length))) return undefined;
  if (isCut || !head.subarray(0, mark.length).equals(mark)) {
    throw new RowDamagedError('a file of its write-ahead log is something else');
  }
  return Buffer.from(head.subarray(mark.length));
}

/** @internal */
export function newSalt(): Buffer {
  const salt = randomBytes(saltBytes);
  salt[0] = (salt[0] ?? 0) | 1; // never all zeros, which is what an empty place looks like
  return salt;
}

/** @internal */
export function encodeRecord(salt: Buffer, number: number, changes: readonly RowChange[]): Buffer {
  let length = recordHeadBytes;
  for (const { key, row } of changes) length += changeHeadBytes + key.length + (row?.length ?? 0);
  const record = Buffer.allocUnsafe(length);
  record.set(salt);
  record.writeUIntBE(number, numberAt, 6);
  record.writeUInt32BE(length, lengthAt);
  let at = recordHeadBytes;
  for (const change of changes) at = writeChange(record, at, change);
  record.writeUInt32BE(checksum(record), checksumAt);
  return record;
}

function writeChange(record: Buffer, start: number, { key, row }: RowChange): number {
  record.writeUInt16BE(key.length, start);
  record.writeUInt32BE(row?.length ?? removedLength, start + 2);
  record.set(key, start + changeHeadBytes);
  const keyEnd = start + changeHeadBytes + key.length;
  if (row !== undefined) record.set(row, keyEnd);
  return keyEnd + (row?.length ?? 0);
}

/**
 * Every whole record of a file, in the order of their places: those of an earlier pass lie behind the newest ones, and one
 * that is damaged is passed over.
 * @internal
 */
export function recordsOf(file: Buffer): LogRecord[] {
  const salt = saltOf(file);
  const records: LogRecord[] = [];
  if (salt === undefined) return records;
  let at = file.indexOf(salt, fileHeadBytes);
  while (at >= 0) {
    const bytes = recordAt(file, at);
    if (bytes !== undefined) records.push({ number: bytes.readUIntBE(numberAt, 6), changes: changesOf(bytes) });
    at = file.indexOf(salt, at + (bytes?.length ?? 1));
  }
  return records;
}

function recordAt(file: Buffer, at: number): Buffer | undefined {
  if (at + recordHeadBytes > file.length) return undefined;
  const end = at + file.readUInt32BE(at + lengthAt);
  if (end < at + recordHeadBytes || end > file.length) return undefined;
  const bytes = file.subarray(at, end);
  return checksum(bytes) === bytes.readUInt32BE(checksumAt) ? bytes : undefined;
}

/** Over everything but the place of the checksum itself. */
function checksum(record: Buffer): number {
  return crc32(record.subarray(recordHeadBytes), crc32(record.subarray(0, checksumAt)));
}

function changesOf(record: Buffer): RowChange[] {
  const changes: RowChange[] = [];
  for (let at = recordHeadBytes; at < record.length;) {
    const keyEnd = at + changeHeadBytes + record.readUInt16BE(at);
    const rowLength = record.readUInt32BE(at + 2);
    const key = record.subarray(at + changeHeadBytes, keyEnd);
    const isRemoval = rowLength === removedLength;
    at = isRemoval ? keyEnd : keyEnd + rowLength;
    changes.push({ key, row: isRemoval ? undefined : record.subarray(keyEnd, at) });
  }
  return changes;
}
