import { close, constants, fdatasync, ftruncate, open, write } from 'node:fs';
import { open as openHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { basename, dirname } from 'node:path';
import { encodeRecord, fileHead, fileHeadBytes, newSalt, recordsOf, saltOf } from './log-record.js';
import type { LogRecord, RowChange } from './log-record.js';
import { RowDamagedError } from './rows.js';
import type { LogSalts } from './rows.js';

// Plain descriptors: a broker that nobody closed is collected in silence, which a FileHandle is not.
const openDescriptor = promisify(open);
const closeDescriptor = promisify(close);
const writeDescriptor = promisify(write);
const syncDescriptor = promisify(fdatasync);
const truncateDescriptor: (descriptor: number, bytes: number) => Promise<void> = promisify(ftruncate);

/** On Linux a write of such a file returns when its bytes are on the disk; elsewhere a sync follows it. */
const syncedWrites = process.platform === 'linux' ? constants.O_DSYNC : 0;

/** One of the two files, which are written in turn, each from its start again. */
interface LogFile {
  readonly descriptor: number;
  readonly salt: Buffer;
  /** Where the next record goes. */
  position: number;
}

/**
 * Batches on their way to the data file: a batch is safe after one write that is synced, where LMDB takes two syncs. What
 * one file holds goes into LMDB while the other one takes what comes next.
 * @internal
 */
export class WriteAheadLog {
  /** Of its two files, as the data file names them. */
  readonly salts: LogSalts;

  private constructor(
    private current: LogFile,
    private other: LogFile,
    private last: number,
  ) {
    this.salts = [current.salt.toString('hex'), other.salt.toString('hex')];
  }

  /**
   * Reads what is not yet in the data file, in order. `applied`: the number of the last record that is; `salts`: of the
   * files that the data file was last used with. A last record that is not whole is left out: after a loss of power nothing
   * tells it from one that was damaged later.
   * @throws RowDamagedError where a record is missing, or a file is missing or something else
   */
  static async read(dataFile: string, applied: number, salts?: LogSalts): Promise<LogRecord[]> {
    const paths = pathsOf(dataFile);
    const files = await Promise.all(paths.map(readIfThere));
    for (const [index, salt] of (salts ?? []).entries()) assertSalt(paths[index] ?? dataFile, files[index], salt);
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

  /**
   * For a data file that is new.
   * @throws RowDamagedError where a log is left of another one
   */
  static async assertUnused(dataFile: string): Promise<void> {
    const files = await Promise.all(pathsOf(dataFile).map(readIfThere));
    if (files.some((file) => recordsOf(file).length > 0))
      throw new RowDamagedError('its write-ahead log is there, and the data file that belongs to it is not');
  }

  /**
   * Begins to write behind record `last`, up to which the data file has everything. `salts`: of the files that the data
   * file was last used with; without them the files are made, and the data file has to be told of their salts.
   */
  static async begin(dataFile: string, last: number, salts?: LogSalts): Promise<WriteAheadLog> {
    const [one, two] = pathsOf(dataFile);
    const first = await openFile(one, salts?.[0]);
    try {
      const log = new WriteAheadLog(first, await openFile(two, salts?.[1]), last);
      if (salts === undefined) await syncDirectory(dirname(dataFile));
      return log;
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
    await writeSynced(descriptor, record, position);
    this.current.position += record.length;
    this.last += 1;
  }

  /** Goes on in the other file, whose records have to be in the data file by now. */
  switchFile(): void {
    [this.current, this.other] = [this.other, this.current];
    this.current.position = fileHeadBytes;
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

/** Opened for writing too: what cannot be written is refused before anything has changed. */
async function readIfThere(path: string): Promise<Buffer> {
  try {
    const file = await openHandle(path, 'r+');
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function assertSalt(path: string, file: Buffer | undefined, salt: string): void {
  if (file !== undefined && saltOf(file)?.toString('hex') === salt) return;
  throw new RowDamagedError(`its write-ahead log ${basename(path)} is missing or belongs to another data file`);
}

/** Opens a file whose records are in the data file: it is written from its start again, or made where it has no salt. */
async function openFile(path: string, knownSalt: string | undefined): Promise<LogFile> {
  const salt = knownSalt === undefined ? newSalt() : Buffer.from(knownSalt, 'hex');
  const making = knownSalt === undefined ? constants.O_CREAT | constants.O_TRUNC : 0;
  const descriptor = await openDescriptor(path, constants.O_RDWR | making | syncedWrites, 0o664);
  try {
    if (knownSalt === undefined) await writeSynced(descriptor, fileHead(salt), 0);
    return { descriptor, salt, position: fileHeadBytes };
  } catch (error) {
    await closeDescriptor(descriptor);
    throw error;
  }
}

/** A new file is there after a loss of power only when its directory was synced; not every system can do that. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await openHandle(path, 'r').catch(() => undefined);
  if (directory === undefined) return;
  await directory.sync().catch(() => undefined);
  await directory.close();
}

async function writeSynced(descriptor: number, bytes: Buffer, position: number): Promise<void> {
  await writeAll(descriptor, bytes, position);
  if (syncedWrites === 0) await syncDescriptor(descriptor);
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
