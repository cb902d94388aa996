const slotCount = 128;
const longestKept = 128;

/**
 * Turns bytes into text and remembers the last texts: the same few subjects and ids come again with nearly every message,
 * and finding one costs less than making the string, and hashing it, anew. Holds a fixed number of short texts.
 * @internal
 */
export class TextMemo {
  private readonly slots: string[] = Array<string>(slotCount).fill('');

  constructor(private readonly encoding: 'latin1' | 'utf8') {}

  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0 || length > longestKept) return bytes.toString(this.encoding, start, end);
    const slot = slotOf(bytes, start, end);
    const known = this.slots[slot];
    if (known !== undefined && isText(known, bytes, start, end)) return known;
    const text = bytes.toString(this.encoding, start, end);
    // In UTF-8 as many characters as bytes means that each byte is its character, which is what the comparison takes for granted.
    if (text.length === length) this.slots[slot] = text;
    return text;
  }
}

/** Names that are used side by side differ at their ends. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  const last = bytes[end - 1] ?? 0;
  const lastButOne = bytes[Math.max(end - 2, start)] ?? 0;
  const lastButTwo = bytes[Math.max(end - 3, start)] ?? 0;
  return (end - start + last + lastButOne * 7 + lastButTwo * 31) % slotCount;
}

function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
