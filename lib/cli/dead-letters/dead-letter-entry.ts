import type { DeadLetter } from '../../core/dead-letters/dead-letter.js';
import { parseDeadLetter } from '../../core/dead-letters/dead-letter.js';
import type { StoredMessage } from './channel-reader.js';
import type { DoneMarker } from '../../core/dead-letters/done-marker.js';
import { parseDoneMarker } from '../../core/dead-letters/done-marker.js';

/**
 * One message of a dead-letter channel that is no marker, and what became of it.
 * @internal
 */
export interface DeadLetterEntry {
  /** Its sequence on the dead-letter channel: the number by which a person names it. */
  readonly sequence: number;
  readonly storedAt: Date;
  /** The bytes as they stand on the channel. */
  readonly bytes: Buffer;
  /** `undefined` where the bytes are no dead letter that this version can read. */
  readonly letter: DeadLetter | undefined;
  /** The last marker for it; `undefined` while it is open. */
  readonly done: DoneMarker | undefined;
}

/**
 * Puts the messages of a dead-letter channel and the markers behind them together, by sequence.
 * @internal
 */
export function toEntries(messages: readonly StoredMessage[]): DeadLetterEntry[] {
  const markers = new Map<number, DoneMarker>();
  const letters: StoredMessage[] = [];
  for (const message of messages) {
    const marker = parseDoneMarker(message.data);
    if (marker === undefined) letters.push(message);
    else markers.set(marker.sequence, marker);
  }
  return letters.map(({ sequence, storedAt, data }) => ({
    sequence,
    storedAt,
    bytes: data,
    letter: parseDeadLetter(data),
    done: markers.get(sequence),
  }));
}
