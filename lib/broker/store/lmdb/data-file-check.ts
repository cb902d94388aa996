import { open } from 'node:fs/promises';

const META_BYTES = 160;
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;

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
    const first = Buffer.alloc(META_BYTES);
    await file.read(first, 0, META_BYTES, 0);
    const pageSize = first.readUInt32LE(PAGE_SIZE_AT);
    if (first.readUInt32LE(MAGIC_AT) !== MAGIC || !isPageSize(pageSize)) return 'it is not an LMDB file';
    if (size < 2 * pageSize) return 'it ends within its meta pages';
    const second = Buffer.alloc(META_BYTES);
    await file.read(second, 0, META_BYTES, pageSize);
    if (second.readUInt32LE(MAGIC_AT) !== MAGIC) return 'its second meta page is damaged';
    return findTruncation(size, pageSize, first, second);
  } finally {
    await file.close();
  }
}

function findTruncation(size: number, pageSize: number, first: Buffer, second: Buffer): string | undefined {
  const isFirstNewer = first.readBigUInt64LE(TRANSACTION_AT) > second.readBigUInt64LE(TRANSACTION_AT);
  const lastPage = (isFirstNewer ? first : second).readBigUInt64LE(LAST_PAGE_AT);
  const needed = (lastPage + 1n) * BigInt(pageSize);
  return BigInt(size) < needed ? `it has ${String(size)} bytes of ${String(needed)}: it was cut short` : undefined;
}

function isPageSize(value: number): boolean {
  return value >= 256 && value <= 65_536 && (value & (value - 1)) === 0;
}
