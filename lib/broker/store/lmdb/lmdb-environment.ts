import type { RootDatabase } from 'lmdb';
import { StorePackageMissingError } from './store-package-missing.error.js';

/** What the store uses of lmdb. @internal */
export type LmdbEnvironment = Pick<
  RootDatabase<Buffer, Buffer>,
  'getBinary' | 'getRange' | 'getKeys' | 'batch' | 'put' | 'remove' | 'resetReadTxn' | 'close'
>;

/** The part of the package `lmdb` that opens a file. @internal */
export type LmdbOpen = (options: Record<string, unknown>) => LmdbEnvironment;

/**
 * Loads lmdb, an optional peer, when a file store is opened and not before.
 * @throws StorePackageMissingError (STAN_BROKER_START_FAILED)
 * @internal
 */
export async function loadLmdb(): Promise<LmdbOpen> {
  try {
    const { open } = await import('lmdb');
    return open; // its overloads ask for a type per option set
  } catch (cause) {
    throw new StorePackageMissingError('lmdb', { cause });
  }
}

/**
 * Opens the data file. A commit resolves only when it is on the disk: no overlapping sync, one fsync per batch.
 * @internal
 */
export function openEnvironment(open: LmdbOpen, path: string): LmdbEnvironment {
  return open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    cache: false,
  });
}
