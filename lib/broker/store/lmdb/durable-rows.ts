import { dirname } from 'node:path';
import { appliedKey, formatKey } from './keys.js';
import type { LmdbEnvironment } from './lmdb-environment.js';
import type { LmdbMessageLog } from './lmdb-message-log.js';
import type { RowChange } from './log-record.js';
import { currentFormat, recover, readApplied } from './recover.js';
import type { FoundState } from './recover.js';
import { RowDamagedError, sealRecord } from './rows.js';
import type { AppliedRow } from './rows.js';
import { asStartError } from './store-directory.js';
import { StoreFailedError } from './store-failed.error.js';
import { WriteAheadLog } from './write-ahead-log.js';

/** From this size of the log, or from this many rows on, its rows are taken into LMDB. */
const fullBytes = 4 * 1_024 * 1_024;
const fullRows = 2_000;
/** A log of this size waits until LMDB has caught up. */
const mostBytes = 4 * fullBytes;

/** Everything that one flush takes to the disk. @internal */
export interface Batch {
  readonly changes: readonly RowChange[];
  /** How far the batch has the messages of each log. */
  readonly written: ReadonlyMap<LmdbMessageLog, number>;
  /** Channels whose tombstones are among the changes. */
  readonly deleted: readonly number[];
}

/** Batches that are on the disk, in the log, and not yet in LMDB. @internal */
interface Collected {
  /** The newest row of each key, by its bytes. */
  readonly rows: Map<string, RowChange>;
  readonly written: Map<LmdbMessageLog, number>;
  readonly deleted: number[];
}

/** Told that LMDB has what was collected: messages can be read from it, and rows of deleted channels be removed. @internal */
export type OnCheckpoint = (collected: Omit<Collected, 'rows'>) => void;

/**
 * Takes batches to the disk by the write-ahead log, and from there to LMDB, many of them in one transaction (a
 * checkpoint). LMDB is never ahead of the log, and a record of the log is written over only after LMDB has synced it.
 * @internal
 */
export class DurableRows {
  private collected = newCollected();
  private checkpoint: Promise<void> | undefined;
  private failure: { readonly cause: unknown } | undefined;
  private isAppending = false;
  private isFinished = false;
  /** LMDB names the log until it was finished: emptied before that, it would be missed. */
  private needsLog = true;

  private constructor(
    private readonly environment: LmdbEnvironment,
    private readonly log: WriteAheadLog,
    private readonly onCheckpoint: OnCheckpoint,
  ) {}

  /** Takes into LMDB what a crash has left in the log, and reads everything. */
  static async open(
    environment: LmdbEnvironment,
    dataFile: string,
    onCheckpoint: OnCheckpoint,
  ): Promise<{ rows: DurableRows; found: FoundState }> {
    const applied = await replay(environment, dataFile);
    const found = recover(environment);
    const log = await asWritable(dataFile, beginLog(environment, dataFile, applied));
    return { rows: new DurableRows(environment, log, onCheckpoint), found };
  }

  /** Resolves when the batch is on the disk. Called for one batch at a time. */
  async commit(batch: Batch): Promise<void> {
    if (this.log.byteLength > mostBytes) await this.checkpoint;
    if (this.failure !== undefined) throw this.failure.cause;
    if (this.isFinished) throw new Error('it is being closed');
    this.isAppending = true;
    await this.log.append(batch.changes);
    this.isAppending = false;
    const { rows, written, deleted } = this.collected;
    addNewest(rows, batch.changes);
    for (const [log, lastSequence] of batch.written) written.set(log, lastSequence);
    deleted.push(...batch.deleted);
    this.checkpointWhereDue();
  }

  /**
   * Takes everything that was committed into LMDB, which needs the log no more, and commits nothing from then on. Rejects
   * where LMDB could not be written, now or before.
   */
  async finish(): Promise<void> {
    this.isFinished = true;
    while (this.checkpoint !== undefined) await this.checkpoint;
    if (this.failure !== undefined) throw this.failure.cause;
    const { rows, ...collected } = this.collected;
    await putInto(this.environment, rows, { record: this.log.lastNumber });
    this.needsLog = false;
    this.onCheckpoint(collected);
  }

  /** Releases the log; what LMDB does not have stays in it. */
  async close(): Promise<void> {
    await this.checkpoint;
    await this.log.close(!this.needsLog);
  }

  private checkpointWhereDue(): void {
    const { rows, deleted } = this.collected;
    const isDue = this.log.byteLength >= fullBytes || rows.size >= fullRows || deleted.length > 0;
    if (isDue && this.failure === undefined) this.startCheckpoint();
  }

  /** Does nothing while one is on its way: the other file of the log is not free before that is over. */
  private startCheckpoint(): void {
    if (this.checkpoint !== undefined) return;
    const { rows, ...collected } = this.collected;
    this.collected = newCollected();
    const applied = { record: this.log.lastNumber, logs: this.log.salts };
    this.log.switchFile();
    this.checkpoint = putInto(this.environment, rows, applied).then(
      () => {
        this.checkpoint = undefined;
        this.onCheckpoint(collected);
        // While a record is being written its file stays.
        if (!this.isAppending) this.checkpointWhereDue();
      },
      (cause: unknown) => {
        this.checkpoint = undefined;
        this.failure = { cause };
      },
    );
  }
}

/** Takes what the log has and LMDB has not into LMDB; returns what LMDB has then. */
async function replay(environment: LmdbEnvironment, dataFile: string): Promise<AppliedRow> {
  const applied = readApplied(environment);
  if (applied === undefined) await asWritable(dataFile, WriteAheadLog.assertUnused(dataFile));
  if (applied?.logs === undefined) return applied ?? { record: 0 };
  const { record, logs } = applied;
  const records = await asWritable(dataFile, WriteAheadLog.read(dataFile, record, logs));
  if (records.length === 0) return applied;
  const now = { record: record + records.length, logs };
  const rows = newestOf(records.flatMap(({ changes }) => changes));
  await asWritable(dataFile, putInto(environment, rows, now));
  return now;
}

/** Before the first record LMDB knows by which log it goes on: without that log it is not whole, and with another one wrong. */
async function beginLog(environment: LmdbEnvironment, dataFile: string, applied: AppliedRow): Promise<WriteAheadLog> {
  const { record, logs } = applied;
  const log = await WriteAheadLog.begin(dataFile, record, logs);
  if (logs !== undefined) return log;
  try {
    await putInto(environment, newestOf([{ key: formatKey, row: sealRecord(currentFormat) }]), {
      record,
      logs: log.salts,
    });
    return log;
  } catch (error) {
    await log.close(false);
    throw error;
  }
}

/** Of a file that is there in a form or with rights that make no log of it. */
const unusableCodes = ['EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ELOOP', 'ENOTDIR', 'ENXIO'];

/** What the file system refuses is no damage. */
async function asWritable<T>(dataFile: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof RowDamagedError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (unusableCodes.includes(code ?? '')) throw asStartError(dirname(dataFile), cause);
    throw new StoreFailedError(dirname(dataFile), cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function newCollected(): Collected {
  return { rows: new Map(), written: new Map(), deleted: [] };
}

function newestOf(changes: readonly RowChange[]): Map<string, RowChange> {
  const newest = new Map<string, RowChange>();
  addNewest(newest, changes);
  return newest;
}

function addNewest(rows: Map<string, RowChange>, changes: readonly RowChange[]): void {
  for (const change of changes) rows.set(change.key.toString('latin1'), change);
}

/** One transaction; resolves when it is on the disk and can be read. */
async function putInto(environment: LmdbEnvironment, rows: Map<string, RowChange>, applied: AppliedRow): Promise<void> {
  try {
    await environment.batch(() => {
      for (const { key, row } of rows.values()) {
        // What a write failed of, its batch says.
        if (row !== undefined) environment.put(key, row).catch(silenceDetails);
        else environment.remove(key).catch(silenceDetails);
      }
      environment.put(appliedKey, sealRecord(applied)).catch(silenceDetails);
    });
  } catch (cause) {
    silenceDetails(cause);
    throw cause;
  }
  environment.resetReadTxn();
}

/** lmdb hangs the reason on its error as a promise of its own; unheard, that promise would end the process. @internal */
export function silenceDetails(cause: unknown): void {
  const { commitError } = (cause ?? {}) as { readonly commitError?: unknown };
  if (commitError instanceof Promise) commitError.catch(() => undefined);
}
