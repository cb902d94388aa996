import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StanError } from '../../../core/errors/stan.error.js';
import { BrokerStartError } from '../../errors/broker-start.error.js';

/**
 * Makes the folder and those above it. Not by `mkdir`'s own `recursive`: that never ends where a file system answers
 * ENOENT for good, as /proc does.
 * @internal
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (await isDirectory(path)) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await isDirectory(parent))) throw error;
    await makeDirectory(parent);
    await mkdir(path);
  }
}

/** What the file system refuses while a store is opened, as an error that says where and what to do. @internal */
export function asStartError(directory: string, cause: unknown): Error {
  if (cause instanceof StanError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokerStartError(
    `the store's directory "${directory}" cannot be used: ${reason}; name a directory that this process may write to`,
    { cause },
  );
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // the caller reports why it could not be made
  }
}
