/** Which keys to read. @internal */
export interface KeyRange {
  readonly start?: Buffer;
  /** Not included. */
  readonly end?: Buffer;
  readonly limit?: number;
}

/** What the store uses of lmdb's database, in words of its own: without the package its types are missing too. @internal */
export interface LmdbEnvironment {
  getBinary(key: Buffer): Buffer | undefined;
  getRange(range: KeyRange): Iterable<{ key: Buffer; value: Buffer }>;
  getKeys(range: KeyRange): Iterable<Buffer>;
  /** Runs `fill` at once; its puts and removes are one transaction. Resolves when that is on the disk. */
  batch(fill: () => void): Promise<boolean>;
  put(key: Buffer, row: Buffer): Promise<boolean>;
  remove(key: Buffer): Promise<boolean>;
  /** The next read sees every commit so far. */
  resetReadTxn(): void;
  close(): Promise<void>;
}

/** The part of the package `lmdb` that opens a file. @internal */
export interface LmdbPackage {
  readonly open: (options: object) => LmdbEnvironment;
}

/** Imports lmdb, an optional peer: when a file store is opened and not before. @internal */
export async function importLmdb(): Promise<LmdbPackage> {
  return import('lmdb') as Promise<unknown> as Promise<LmdbPackage>; // its overloads ask for a type per option set
}

/**
 * Opens the data file. A commit resolves only when it is on the disk: no overlapping sync, one fsync per batch.
 * @internal
 */
export function openEnvironment(lmdb: LmdbPackage, path: string): LmdbEnvironment {
  return lmdb.open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    cache: false,
    // The store makes its own batches. lmdb's of one turn keep a promise that nobody can hear: on a full disk it ends the process.
    eventTurnBatching: false,
  });
}
