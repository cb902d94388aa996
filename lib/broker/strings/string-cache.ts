const slotCount = 128;
const maxLength = 128;

/**
 * Decodes bytes to strings and keeps the most recent ones: the same few subjects and ids repeat in nearly every message,
 * and finding one costs less than decoding and hashing it again. Keeps a fixed number of short strings.
 * @internal
 */
export class StringCache {
  private readonly slots: string[] = Array<string>(slotCount).fill('');

  constructor(private readonly encoding: 'latin1' | 'utf8') {}

  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0 || length > maxLength) return bytes.toString(this.encoding, start, end);
    const slot = slotOf(bytes, start, end);
    const known = this.slots[slot];
    if (known !== undefined && isSameString(known, bytes, start, end)) return known;
    const decoded = bytes.toString(this.encoding, start, end);
    // The comparison assumes one byte per character; in UTF-8 that holds where there are as many characters as bytes.
    if (decoded.length === length) this.slots[slot] = decoded;
    return decoded;
  }
}

/** Names in use at the same time mostly differ in their last characters. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  const last = bytes[end - 1] ?? 0;
  const lastButOne = bytes[Math.max(end - 2, start)] ?? 0;
  const lastButTwo = bytes[Math.max(end - 3, start)] ?? 0;
  return (end - start + last + lastButOne * 7 + lastButTwo * 31) % slotCount;
}

function isSameString(cached: string, bytes: Buffer, start: number, end: number): boolean {
  if (cached.length !== end - start) return false;
  for (let i = 0; i < cached.length; i++) if (cached.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
