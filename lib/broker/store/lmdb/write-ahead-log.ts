import { close, constants, fdatasync, ftruncate, open, read, write } from 'node:fs';
import { open as openDirectory, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { dirname } from 'node:path';
import { encodeRecord, fileHead, fileHeadBytes, newSalt, recordsOf, saltOf } from './log-record.js';
import type { LogRecord, RowChange } from './log-record.js';
import { RowDamagedError } from './rows.js';

// Plain descriptors: a broker that nobody closed is collected in silence, which a FileHandle is not.
const openDescriptor = promisify(open);
const closeDescriptor = promisify(close);
const readDescriptor = promisify(read);
const writeDescriptor = promisify(write);
const syncDescriptor = promisify(fdatasync);
const truncateDescriptor: (descriptor: number, bytes: number) => Promise<void> = promisify(ftruncate);

/** On Linux a write of such a file returns when its bytes are on the disk; elsewhere a sync follows it. */
const syncedWrites = process.platform === 'linux' ? constants.O_DSYNC : 0;

/** One of the two files, which are written in turn, each from its start again. */
interface LogFile {
  readonly descriptor: number;
  readonly salt: Buffer;
  /** Where the next record goes; 0 for a file that has no head yet. */
  position: number;
}

/**
 * Batches on their way to the data file: a batch is safe after one write that is synced, where LMDB takes two syncs. What
 * one file holds goes into LMDB while the other one takes what comes next.
 * @internal
 */
export class WriteAheadLog {
  private constructor(
    private current: LogFile,
    private other: LogFile,
    private last: number,
  ) {}

  /**
   * Reads what is not yet in the data file, in order. `applied`: the number of the last record that is.
   * @throws RowDamagedError where a record is missing or a file is something else
   */
  static async read(dataFile: string, applied: number): Promise<LogRecord[]> {
    const files = await Promise.all(pathsOf(dataFile).map(readIfThere));
    const records = files.flatMap(recordsOf).filter(({ number }) => number > applied);
    records.sort((a, b) => a.number - b.number);
    for (const [index, { number }] of records.entries()) {
      const expected = applied + index + 1;
      if (number !== expected) {
        throw new RowDamagedError(`record ${String(expected)} of its write-ahead log is missing or damaged`);
      }
    }
    return records;
  }

  /** Begins to write behind record `last`, up to which the data file has everything. */
  static async begin(dataFile: string, last: number): Promise<WriteAheadLog> {
    const [one, two] = pathsOf(dataFile);
    const first = await openFile(one);
    try {
      return new WriteAheadLog(first, await openFile(two), last);
    } catch (error) {
      await closeDescriptor(first.descriptor);
      throw error;
    }
  }

  get lastNumber(): number {
    return this.last;
  }

  /** Of the file that is written now. */
  get byteLength(): number {
    return this.current.position;
  }

  /** Resolves when the batch is on the disk. Never called while the one before is on its way. */
  async append(changes: readonly RowChange[]): Promise<void> {
    const { descriptor, salt, position } = this.current;
    const record = encodeRecord(salt, this.last + 1, changes);
    const bytes = position === 0 ? Buffer.concat([fileHead(salt), record]) : record;
    await writeAll(descriptor, bytes, position);
    if (syncedWrites === 0) await syncDescriptor(descriptor);
    this.current.position += bytes.length;
    this.last += 1;
  }

  /** Goes on in the other file, whose records have to be in the data file by now. */
  switchFile(): void {
    [this.current, this.other] = [this.other, this.current];
    this.current.position = Math.min(this.current.position, fileHeadBytes);
  }

  /** `isApplied`: the data file has everything, so that the next start need not read the files. */
  async close(isApplied: boolean): Promise<void> {
    for (const { descriptor } of [this.current, this.other]) {
      if (isApplied) await truncateDescriptor(descriptor, 0).catch(() => undefined);
      await closeDescriptor(descriptor);
    }
  }
}

function pathsOf(dataFile: string): [string, string] {
  return [`${dataFile}-wal0`, `${dataFile}-wal1`];
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** Opens a file whose records are in the data file: it is written from its start again. */
async function openFile(path: string): Promise<LogFile> {
  const descriptor = await openDescriptor(path, constants.O_RDWR | constants.O_CREAT | syncedWrites, 0o664);
  try {
    const start = Buffer.alloc(fileHeadBytes);
    const { bytesRead } = await readDescriptor(descriptor, start, 0, fileHeadBytes, 0);
    const salt = saltOf(start.subarray(0, bytesRead));
    if (salt !== undefined) return { descriptor, salt, position: fileHeadBytes };
    await syncDirectory(dirname(path));
    return { descriptor, salt: newSalt(), position: 0 };
  } catch (error) {
    await closeDescriptor(descriptor);
    throw error;
  }
}

/** A new file is there after a loss of power only when its directory was synced; not every system can do that. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await openDirectory(path, 'r').catch(() => undefined);
  if (directory === undefined) return;
  await directory.sync().catch(() => undefined);
  await directory.close();
}

/** A write may end early, where the disk is full for one. */
async function writeAll(descriptor: number, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await writeDescriptor(
      descriptor,
      bytes,
      written,
      bytes.length - written,
      position + written,
    );
    written += bytesWritten;
  }
}
