import type { DriverMessage } from '../driver/driver.js';
import { describeError } from '../errors/describe-error.js';
import { decodeHeaders } from '../wire/headers.js';

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
  /** The event's headers, where it has any; a replay restores them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The original bytes; readable as they are where they are text. */
  readonly payload: { readonly encoding: 'utf8' | 'base64'; readonly data: string };
}

/**
 * What a dead letter says besides its event.
 * @internal
 */
export interface DeadLetterFacts extends Pick<DeadLetter, 'handler' | 'service' | 'clientId' | 'deliveries'> {
  readonly error: unknown;
}

/**
 * The dead letter of an event.
 * @internal
 */
export function deadLetterOf(message: Omit<DriverMessage, 'ack'>, facts: DeadLetterFacts): DeadLetter {
  const { handler, service, clientId, deliveries, error } = facts;
  return {
    version: 1,
    subject: message.subject,
    sequence: message.sequence,
    timestamp: new Date(message.timestampNs / 1e6).toISOString(),
    deliveries,
    failedAt: new Date().toISOString(),
    error: describeError(error),
    ...{ handler, service, clientId },
    ...letterHeaders(message.headerText),
    payload: encodePayload(message.data),
  };
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
 * Headers as a dead letter keeps them: nothing where there are none.
 * @internal
 */
export function letterHeaders(headerText: string): Pick<DeadLetter, 'headers'> {
  const headers = decodeHeaders(headerText);
  return headers.size === 0 ? {} : { headers: Object.fromEntries(headers) };
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
  const letter = value as Partial<Record<keyof DeadLetter, unknown>>;
  return (
    letter.version === 1 &&
    texts.every((name) => typeof letter[name] === 'string') &&
    typeof letter.sequence === 'number' &&
    typeof letter.deliveries === 'number' &&
    !Number.isNaN(Date.parse(letter.timestamp as string)) &&
    isErrorDescription(letter.error) &&
    isHeaders(letter.headers) &&
    isPayload(letter.payload)
  );
}

const texts = ['subject', 'timestamp', 'failedAt', 'handler', 'service', 'clientId'] as const;

function isErrorDescription(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, message, stack } = value as Partial<Record<keyof DeadLetter['error'], unknown>>;
  return typeof name === 'string' && typeof message === 'string' && (stack === undefined || typeof stack === 'string');
}

function isHeaders(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}

function isPayload(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { encoding, data } = value as { encoding?: unknown; data?: unknown };
  return (encoding === 'utf8' || encoding === 'base64') && typeof data === 'string';
}
