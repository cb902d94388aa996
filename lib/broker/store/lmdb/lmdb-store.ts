import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Expect, ExpectGiven } from '../../../core/option-rules/expect.decorator.js';
import { StanError } from '../../../core/errors/stan.error.js';
import { readOptionGroup } from '../../../core/option-rules/option-group.js';
import { StoreCorruptError } from '../../errors/store-corrupt.error.js';
import { brokerOptionPlace } from '../../errors/broker-option-place.js';
import type { ChannelStore, ClientRecord, RecoveredState, ServerRecord, Store } from '../store.js';
import { BlockCache } from './block-cache.js';
import { findDamage, refuseUnlessFile } from './data-file-check.js';
import { DirectoryLock } from './directory-lock.js';
import { DurableRows, silenceDetails } from './durable-rows.js';
import type { Batch, OnCheckpoint } from './durable-rows.js';
import { channelKey, clientKey, deletedKey, rangeOf, serverKey } from './keys.js';
import { importLmdb, openEnvironment } from './lmdb-environment.js';
import type { LmdbEnvironment, LmdbPackage } from './lmdb-environment.js';
import { emptyLog, LmdbMessageLog } from './lmdb-message-log.js';
import { LmdbSubscriptionTable } from './lmdb-subscription-table.js';
import type { RowChange } from './log-record.js';
import type { FoundChannel, FoundState } from './recover.js';
import { sealClient, sealRecord } from './rows.js';
import type { DirtyPart, RowWriter } from './row-writer.js';
import { asStartError, makeDirectory } from './store-directory.js';
import { StoreFailedError } from './store-failed.error.js';
import { StorePackageMissingError } from './store-package-missing.error.js';

const directoryExpected = 'the path of a directory';
const dataFile = 'broker.mdb';
/** Rows of deleted channels that one batch removes. */
const sweepRows = 2_000;

/**
 * How to keep a broker's state in files.
 * @publicApi
 */
export class LmdbStoreOptions {
  /**
   * Folder of the data file; made where it is missing. One folder serves one broker at a time, also across containers of
   * one host. Brokers on two hosts that share a network file system do not see each other: do not do that.
   */
  @ExpectGiven(directoryExpected)
  @Expect(directoryExpected, (value) => typeof value === 'string' && value !== '')
  declare readonly directory: string;
  /**
   * How the package `lmdb` is imported.
   * @internal
   */
  @Expect('a function', (value) => typeof value === 'function')
  readonly importLmdb?: () => Promise<LmdbPackage>;
}

interface Channel extends ChannelStore {
  readonly number: number;
  readonly messages: LmdbMessageLog;
  readonly subscriptions: LmdbSubscriptionTable;
}

/**
 * Keeps everything in one LMDB file and a write-ahead log: after `kill -9` or a loss of power at any moment they hold every
 * write that a flush has settled for, and of the others whole batches or nothing. Needs the package `lmdb`, which is loaded when the store is opened.
 *
 * Damage that it finds when it opens the file is refused. LMDB maps the file into memory and trusts its inner pages: damage
 * to those may end the process instead. Restore a copy then.
 *
 * Writes are collected in memory; a flush takes all of them to the log in one write that is synced. While one is on its
 * way the next collects, so the busier the broker the larger its batches. Every few megabytes, and when the store is
 * closed, what is in the log goes into LMDB. The data file and its log belong together: one without the other, or with that of another store, is refused, unless the store was closed. Copy the directory as a whole, and only while no broker has it open.
 * @publicApi
 */
export class LmdbStore implements Store {
  readonly type = 'FILE';
  private readonly directory: string;
  private readonly importLmdb: () => Promise<LmdbPackage>;
  private lock: DirectoryLock | undefined;
  private environment: LmdbEnvironment | undefined;
  private rows: DurableRows | undefined;
  private failure: StoreFailedError | undefined;

  private readonly source = { environment: () => this.opened(), cache: new BlockCache() };
  private channels = new Map<string, Channel>();
  private nextChannel = 1;
  private readonly dirtyParts = new Set<DirtyPart>();
  private readonly dirtyRows = new Map<string, { key: Buffer; row: Buffer | undefined }>();
  /** Channels whose tombstones are in no batch yet. */
  private deleted: number[] = [];
  /** Channels whose tombstones are in LMDB, and with them every row that they ever had. */
  private toSweep: number[] = [];
  private sweeping: Promise<void> | undefined;

  private writing: Promise<void> | undefined;
  private nextWrite: Promise<void> | undefined;

  /** @throws BrokerOptionError (STAN_INVALID_OPTION) */
  constructor(options: LmdbStoreOptions) {
    const given = readOptionGroup(LmdbStoreOptions, options, brokerOptionPlace('store')) as LmdbStoreOptions;
    this.directory = given.directory;
    this.importLmdb = given.importLmdb ?? importLmdb;
  }

  /**
   * @throws StoreCorruptError (STAN_BROKER_STORE_CORRUPT) when the file is damaged or not a broker's
   * @throws BrokerStartError (STAN_BROKER_START_FAILED) where the directory cannot be made or written
   * @throws StoreLockedError (STAN_BROKER_START_FAILED) while another broker has it open
   * @throws StorePackageMissingError (STAN_BROKER_START_FAILED) without the package `lmdb`
   */
  async open(): Promise<RecoveredState | undefined> {
    if (this.environment !== undefined) throw new StoreFailedError(this.directory, 'it is open already');
    const lmdb = await this.load();
    try {
      await makeDirectory(this.directory);
      this.lock = await DirectoryLock.take(this.directory);
      return this.take(await this.read(lmdb));
    } catch (error) {
      await this.letGo();
      throw asStartError(this.directory, error);
    }
  }

  saveServer(record: ServerRecord): void {
    this.stage(serverKey, sealRecord(record));
  }

  createChannel(name: string): ChannelStore {
    const number = this.nextChannel++;
    const channel = this.makeChannel({ channel: number, name, log: emptyLog, subscriptions: [] });
    this.dirtyParts.add(channel.messages); // its first batch writes the channel's row
    return channel;
  }

  deleteChannel(name: string): void {
    const channel = this.channels.get(name);
    if (channel === undefined) return;
    this.channels.delete(name);
    this.dirtyParts.delete(channel.messages);
    this.dirtyParts.delete(channel.subscriptions);
    this.stage(channelKey(channel.number), undefined);
    this.stage(deletedKey(channel.number), Buffer.alloc(0));
    this.deleted.push(channel.number);
  }

  putClient(record: ClientRecord): void {
    this.stage(clientKey(record.clientId), sealClient(record));
  }

  deleteClient(clientId: string): void {
    this.stage(clientKey(clientId), undefined);
  }

  flush(): Promise<void> | undefined {
    if (this.environment === undefined) return this.hasWrites ? Promise.reject(this.notOpen()) : undefined;
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (!this.hasWrites) return this.nextWrite ?? this.writing ?? this.sweeping;
    // What is written while a batch is on its way goes into the next one, and with it what else this turn of the event
    // loop brings: a socket is read in several pieces, and there are other sockets.
    this.nextWrite ??= (this.writing ?? Promise.resolve()).then(endOfTurn).then(() => this.write());
    return this.nextWrite;
  }

  async close(): Promise<void> {
    if (this.environment === undefined) return;
    try {
      await this.flush();
      await this.rows?.finish().catch((cause: unknown) => Promise.reject(this.fail(cause)));
    } finally {
      await this.letGo();
    }
  }

  async clear(): Promise<void> {
    if (this.environment !== undefined)
      throw new StoreFailedError(this.directory, 'it has to be closed before it can be cleared');
    const files = await readdir(this.directory).catch(() => []);
    const ours = files.filter((name) => name.startsWith(dataFile));
    for (const file of ours) await rm(join(this.directory, file), { force: true });
  }

  private async load(): Promise<LmdbPackage> {
    try {
      return await this.importLmdb();
    } catch (cause) {
      throw new StorePackageMissingError('lmdb', { cause });
    }
  }

  private async read(lmdb: LmdbPackage): Promise<FoundState> {
    const path = join(this.directory, dataFile);
    for (const suffix of ['', '-lock', '-wal0', '-wal1']) await refuseUnlessFile(path + suffix);
    const damage = await findDamage(path);
    if (damage !== undefined) throw new StoreCorruptError(path, damage);
    try {
      this.environment = openEnvironment(lmdb, path);
      const { rows, found } = await DurableRows.open(this.environment, path, (collected) => this.tookOver(collected));
      this.rows = rows;
      return found;
    } catch (cause) {
      if (cause instanceof StanError) throw cause;
      throw new StoreCorruptError(path, cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  private take(found: FoundState): RecoveredState | undefined {
    this.failure = undefined;
    this.toSweep = [...found.deleted];
    this.nextChannel = Math.max(0, ...found.deleted, ...found.channels.map(({ channel }) => channel)) + 1;
    const channels = found.channels.map((one) => ({ store: this.makeChannel(one), subscriptions: one.subscriptions }));
    return found.server === undefined ? undefined : { server: found.server, clients: found.clients, channels };
  }

  private makeChannel({ channel: number, name, log, subscriptions }: FoundChannel): Channel {
    const markDirty = (part: DirtyPart) => this.dirtyParts.add(part);
    const channel = {
      number,
      name,
      messages: new LmdbMessageLog(this.source, number, name, log, markDirty),
      subscriptions: new LmdbSubscriptionTable(number, subscriptions, markDirty),
    };
    this.channels.set(name, channel);
    return channel;
  }

  private stage(key: Buffer, row: Buffer | undefined): void {
    this.dirtyRows.set(key.toString('latin1'), { key, row });
  }

  private get hasWrites(): boolean {
    return this.dirtyParts.size > 0 || this.dirtyRows.size > 0;
  }

  private opened(): LmdbEnvironment {
    if (this.environment === undefined) throw this.notOpen();
    return this.environment;
  }

  private openedRows(): DurableRows {
    if (this.rows === undefined) throw this.notOpen();
    return this.rows;
  }

  private notOpen(): StoreFailedError {
    return new StoreFailedError(this.directory, 'it is not open');
  }

  /** Starts one batch with every write so far; there is never more than one on its way. */
  private write(): Promise<void> {
    this.nextWrite = undefined;
    const rows = this.openedRows();
    this.writing = rows.commit(this.takeBatch()).then(
      () => {
        this.writing = undefined;
      },
      (cause: unknown) => {
        this.writing = undefined;
        throw this.fail(cause);
      },
    );
    return this.writing;
  }

  private takeBatch(): Batch {
    const changes: RowChange[] = [];
    const writer: RowWriter = {
      put: (key, row) => changes.push({ key, row }),
      remove: (key) => changes.push({ key, row: undefined }),
    };
    const written = new Map<LmdbMessageLog, number>();
    for (const part of this.dirtyParts) {
      part.writeTo(writer);
      if (part instanceof LmdbMessageLog) written.set(part, part.lastSequence);
    }
    this.dirtyParts.clear();
    changes.push(...this.dirtyRows.values());
    this.dirtyRows.clear();
    return { changes, written, deleted: this.deleted.splice(0) };
  }

  private fail(cause: unknown): StoreFailedError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.failure ??= new StoreFailedError(this.directory, reason, { cause });
    return this.failure;
  }

  private tookOver({ written, deleted }: Parameters<OnCheckpoint>[0]): void {
    for (const [log, lastSequence] of written) log.forgetRecent(lastSequence);
    this.toSweep.push(...deleted);
    this.sweepOn();
  }

  /** Removes rows of deleted channels in the background; a failure shows at the next flush. */
  private sweepOn(): void {
    const { environment } = this;
    if (environment === undefined || this.toSweep.length === 0 || this.sweeping !== undefined) return;
    this.sweeping = environment
      .batch(() => this.sweep(environment))
      .then(
        () => {
          this.sweeping = undefined;
          environment.resetReadTxn();
          this.sweepOn();
        },
        (cause: unknown) => {
          this.sweeping = undefined;
          silenceDetails(cause);
          this.fail(cause);
        },
      );
  }

  /** Removes some rows of a deleted channel, and its tombstone once none is left. */
  private sweep(environment: LmdbEnvironment): void {
    const [channel] = this.toSweep;
    if (channel === undefined) return;
    const remove = (key: Buffer) => void environment.remove(key).catch(silenceDetails);
    let left = sweepRows;
    for (const kind of ['message', 'pending', 'subscription'] as const) {
      for (const key of environment.getKeys({ ...rangeOf(kind, channel), limit: left })) {
        remove(key);
        left -= 1;
      }
      if (left === 0) return;
    }
    remove(deletedKey(channel));
    this.toSweep.shift();
  }

  private async letGo(): Promise<void> {
    const { environment, rows, lock } = this;
    this.environment = undefined;
    this.rows = undefined;
    this.lock = undefined;
    this.channels = new Map();
    this.source.cache.clear();
    this.deleted = [];
    this.dirtyParts.clear();
    this.dirtyRows.clear();
    await this.writing?.catch(() => undefined);
    await this.sweeping;
    try {
      await rows?.close();
    } finally {
      try {
        await environment?.close();
      } finally {
        await lock?.release();
      }
    }
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
