/** Sequences that one row covers. @internal */
export const blockSequences = 1_024;
/** Of the bits of one row. @internal */
export const blockBytes = blockSequences / 8;

interface Block {
  readonly number: number;
  readonly bits: Uint8Array;
  count: number;
  isChanged: boolean;
  /** It has a row in LMDB, or in a batch on its way there. */
  isWritten: boolean;
}

/**
 * The sequences that one subscription has not acked, as bits: most follow each other, so that a row for each run of 1 024
 * says in one write what would be a thousand.
 * @internal
 */
export class PendingBlocks {
  private readonly blocks = new Map<number, Block>();
  private changed: Block[] = [];

  /** `found`: what the file holds already. */
  constructor(found: readonly number[] = []) {
    for (const sequence of found) {
      const block = this.blockFor(sequence);
      block.isWritten = true;
      setBit(block, sequence);
    }
  }

  add(sequence: number): void {
    const block = this.blockFor(sequence);
    if (setBit(block, sequence)) this.mark(block);
  }

  remove(sequence: number): void {
    const block = this.blocks.get(numberOf(sequence));
    if (block !== undefined && clearBit(block, sequence)) this.mark(block);
  }

  /** Hands over what has changed since the last call: the bits of a row, or undefined for a row to remove. */
  takeChanges(write: (block: number, bits: Uint8Array | undefined) => void): void {
    for (const block of this.changed) {
      block.isChanged = false;
      if (block.count > 0) {
        block.isWritten = true;
        write(block.number, block.bits);
        continue;
      }
      this.blocks.delete(block.number);
      if (block.isWritten) write(block.number, undefined);
    }
    this.changed = [];
  }

  /** The blocks that have a row. */
  written(): number[] {
    return [...this.blocks.values()].filter(({ isWritten }) => isWritten).map(({ number }) => number);
  }

  private blockFor(sequence: number): Block {
    const number = numberOf(sequence);
    let block = this.blocks.get(number);
    if (block === undefined) {
      block = { number, bits: new Uint8Array(blockBytes), count: 0, isChanged: false, isWritten: false };
      this.blocks.set(number, block);
    }
    return block;
  }

  private mark(block: Block): void {
    if (block.isChanged) return;
    block.isChanged = true;
    this.changed.push(block);
  }
}

/** The sequences of a row, ascending. @internal */
export function sequencesOf(block: number, bits: Uint8Array): number[] {
  const sequences: number[] = [];
  for (const [index, byte] of bits.entries()) {
    for (let bit = 0; bit < 8; bit += 1) {
      if ((byte & (1 << bit)) !== 0) sequences.push(block * blockSequences + index * 8 + bit);
    }
  }
  return sequences;
}

function numberOf(sequence: number): number {
  return Math.floor(sequence / blockSequences);
}

/** Returns false where the bit was set already. */
function setBit(block: Block, sequence: number): boolean {
  const { bits } = block;
  const place = sequence % blockSequences;
  const byte = bits[place >> 3] ?? 0;
  const mask = 1 << (place & 7);
  if ((byte & mask) !== 0) return false;
  bits[place >> 3] = byte | mask;
  block.count += 1;
  return true;
}

/** Returns false where the bit was not set. */
function clearBit(block: Block, sequence: number): boolean {
  const { bits } = block;
  const place = sequence % blockSequences;
  const byte = bits[place >> 3] ?? 0;
  const mask = 1 << (place & 7);
  if ((byte & mask) === 0) return false;
  bits[place >> 3] = byte & ~mask;
  block.count -= 1;
  return true;
}
