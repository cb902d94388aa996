/**
 * What stands on a dead-letter subject: one event that a service gave up on, as JSON, with its original bytes.
 * @publicApi
 */
export interface DeadLetter {
  readonly version: 1;
  /** Where the event was published, and under which sequence the server keeps it there. */
  readonly subject: string;
  readonly sequence: number;
  /** When the server stored the event, ISO 8601. */
  readonly timestamp: string;
  /** Deliveries that failed, the last one included. */
  readonly deliveries: number;
  /** When it was given up, ISO 8601. */
  readonly failedAt: string;
  readonly error: { readonly name: string; readonly message: string; readonly stack?: string };
  /** The handler's method, as far as it is known. */
  readonly handler: string;
  /** The service: its queue group, else its durable name, else its client id. */
  readonly service: string;
  readonly clientId: string;
  /** The original bytes; readable as they are where they are text. */
  readonly payload: { readonly encoding: 'utf8' | 'base64'; readonly data: string };
}

/**
 * The subject on which one service takes dead letters back, for the handler that gave them up alone.
 * @publicApi
 */
export function replaySubject(deadLetterSubject: string): string {
  return `${deadLetterSubject}.replay`;
}

/** @internal */
export function describeError(error: unknown): DeadLetter['error'] {
  if (error instanceof Error) {
    const { name, message, stack } = error;
    return stack === undefined ? { name, message } : { name, message, stack };
  }
  return { name: typeof error, message: typeof error === 'string' ? error : safeJson(error) };
}

/** @internal */
export function encodePayload(bytes: Buffer): DeadLetter['payload'] {
  const text = bytes.toString('utf8');
  // Only text that comes back to the very same bytes is kept as text.
  return Buffer.from(text, 'utf8').equals(bytes)
    ? { encoding: 'utf8', data: text }
    : { encoding: 'base64', data: bytes.toString('base64') };
}

/**
 * The original bytes of the event.
 * @publicApi
 */
export function decodePayload(payload: DeadLetter['payload']): Buffer {
  return Buffer.from(payload.data, payload.encoding);
}

/** @internal */
export function encodeDeadLetter(deadLetter: DeadLetter): Buffer {
  return Buffer.from(JSON.stringify(deadLetter), 'utf8');
}

/**
 * Reads a dead letter; `undefined` for bytes that are none.
 * @publicApi
 */
export function parseDeadLetter(bytes: Uint8Array): DeadLetter | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return isDeadLetter(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDeadLetter(value: unknown): value is DeadLetter {
  if (typeof value !== 'object' || value === null) return false;
  const { version, subject, sequence, handler, service, payload, error } = value as Partial<
    Record<keyof DeadLetter, unknown>
  >;
  return (
    version === 1 &&
    typeof subject === 'string' &&
    typeof sequence === 'number' &&
    typeof handler === 'string' &&
    typeof service === 'string' &&
    typeof error === 'object' &&
    isPayload(payload)
  );
}

function isPayload(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { encoding, data } = value as { encoding?: unknown; data?: unknown };
  return (encoding === 'utf8' || encoding === 'base64') && typeof data === 'string';
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}
