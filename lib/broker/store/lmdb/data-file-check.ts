import { open, stat } from 'node:fs/promises';

const metaBytes = 160;
const MAGIC = 0xbeefc0de;
const magicAt = 24;
const pageSizeAt = 48;
const lastPageAt = 144;
const transactionAt = 152;

/**
 * What is wrong with an LMDB data file as far as its two meta pages tell, or `undefined`. LMDB maps the file into memory
 * and believes it: reading a page that a truncated file no longer has would end the process with SIGBUS.
 * An absent or empty file is a new one and fine.
 * @internal
 */
export async function findDamage(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size === 0) return undefined;
    const first = Buffer.alloc(metaBytes);
    await file.read(first, 0, metaBytes, 0);
    const pageSize = first.readUInt32LE(pageSizeAt);
    if (first.readUInt32LE(magicAt) !== MAGIC || !isPageSize(pageSize)) return 'it is not an LMDB file';
    if (size < 2 * pageSize) return 'it ends within its meta pages';
    const second = Buffer.alloc(metaBytes);
    await file.read(second, 0, metaBytes, pageSize);
    if (second.readUInt32LE(magicAt) !== MAGIC) return 'its second meta page is damaged';
    return findTruncation(size, pageSize, first, second);
  } finally {
    await file.close();
  }
}

/**
 * Refuses what LMDB would open although it is no file: a directory in the place of its lock file ends the process with
 * SIGSEGV, and a named pipe is waited for without end. What does not exist is made.
 * @internal
 */
export async function refuseUnlessFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isFile()) throw new Error(`"${path}" is not a file`);
  const file = await open(path, 'r+'); // tells what may not be written
  await file.close();
}

function findTruncation(size: number, pageSize: number, first: Buffer, second: Buffer): string | undefined {
  const isFirstNewer = first.readBigUInt64LE(transactionAt) > second.readBigUInt64LE(transactionAt);
  const lastPage = (isFirstNewer ? first : second).readBigUInt64LE(lastPageAt);
  const needed = (lastPage + 1n) * BigInt(pageSize);
  return BigInt(size) < needed ? `it has ${String(size)} bytes of ${String(needed)}: it was cut short` : undefined;
}

function isPageSize(value: number): boolean {
  return value >= 256 && value <= 65_536 && (value & (value - 1)) === 0;
}
