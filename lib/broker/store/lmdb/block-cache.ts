import type { MessageBlock } from './message-block.js';

const mostBlocks = 64;
/** Larger ones hold a single message, which is not worth its memory. */
const largestBytes = 64 * 1_024;

/**
 * The blocks that were read from the file last, of all channels: whoever reads one message mostly reads the next one too.
 * @internal
 */
export class BlockCache {
  /** The one used last comes first. */
  private readonly blocks: MessageBlock[] = [];

  find(channel: number, sequence: number): MessageBlock | undefined {
    const index = this.blocks.findIndex((block) => block.channel === channel && block.has(sequence));
    const found = this.blocks[index];
    if (found !== undefined && index > 0) {
      this.blocks.splice(index, 1);
      this.blocks.unshift(found);
    }
    return found;
  }

  add(block: MessageBlock): void {
    if (block.byteLength > largestBytes) return;
    this.blocks.unshift(block);
    if (this.blocks.length > mostBlocks) this.blocks.pop();
  }

  clear(): void {
    this.blocks.length = 0;
  }
}
