import type { ParkedEvent, ParkedGap, ParkedStream } from '../../core/event-store/event-store.js';
import type { SqlRow } from './sql.js';

// A bigint comes as text, as a BigInt or as a number, depending on what the app reaches its database with.

/** @internal */
export function toParkedEvent(row: SqlRow): ParkedEvent {
  const lastError = row['last_error'];
  return {
    ...textsOf(row),
    handler: row['handler'] as string,
    subject: row['channel'] as string,
    version: Number(row['version']),
    sequence: Number(row['sequence']),
    timestampNs: Number(row['stored_at']),
    headerText: row['headers'] as string,
    payload: toBuffer(row['payload'] as Uint8Array),
    parkedAtMs: Number(row['parked_at']),
    attempts: Number(row['attempts']),
    notBeforeMs: Number(row['not_before']),
    lastError: typeof lastError === 'string' ? lastError : undefined,
  };
}

/** @internal */
export function toGap(row: SqlRow): ParkedGap {
  return {
    ...textsOf(row),
    expected: Number(row['expected']),
    parked: Number(row['parked']),
    sinceMs: Number(row['since']),
  };
}

export function toStream(row: SqlRow): ParkedStream {
  return { stream: String(row['stream']), parked: Number(row['parked']), sinceMs: Number(row['since']) };
}

function textsOf(row: SqlRow): { consumer: string; stream: string; key: string } {
  const { consumer, stream, key } = row as Record<'consumer' | 'stream' | 'key', string>;
  return { consumer, stream, key };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
