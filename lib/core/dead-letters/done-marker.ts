/**
 * Says on the dead-letter channel itself that one of its dead letters is done: STAN deletes no message, so what becomes of
 * a dead letter is written behind it. Sequences are those of the dead-letter channel.
 * @internal
 */
export interface DoneMarker {
  readonly version: 1;
  readonly kind: 'done';
  readonly sequence: number;
  readonly action: DoneAction;
  /** The subject that it was sent to; only of a replayed one. */
  readonly to?: string;
  /** When, ISO 8601. */
  readonly at: string;
  /** Who, as `user@host`. */
  readonly by: string;
}

/** @internal */
export type DoneAction = 'replayed' | 'dropped';

/** @internal */
export function encodeDoneMarker(marker: DoneMarker): Buffer {
  return Buffer.from(JSON.stringify(marker), 'utf8');
}

/**
 * Reads a marker; `undefined` for bytes that are none.
 * @internal
 */
export function parseDoneMarker(bytes: Uint8Array): DoneMarker | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isDoneMarker(value) ? value : undefined;
  } catch {
    // Not JSON, so not a marker: whatever else may stand on the channel is listed as unreadable.
    return undefined;
  }
}

function isDoneMarker(value: unknown): value is DoneMarker {
  if (typeof value !== 'object' || value === null) return false;
  const { version, kind, sequence, action, at, by } = value as Partial<Record<keyof DoneMarker, unknown>>;
  const isKnownAction = action === 'replayed' || action === 'dropped';
  return (
    version === 1 &&
    kind === 'done' &&
    Number.isInteger(sequence) &&
    isKnownAction &&
    typeof at === 'string' &&
    typeof by === 'string'
  );
}
