import { isUtf8 } from 'node:buffer';
import { types } from 'node:util';

import { describeValue, thrownText } from '../errors/describe-value.js';
import { SerializationFailedError } from '../errors/serialization-failed.error.js';
import { emptyJsonReason } from './no-data.js';

/** First byte of a byte order mark, which some publishers put before their JSON. */
const bomLead = 0xef;
const bom = '\uFEFF';

/** Returns nothing for what JSON cannot say, which TypeScript's own type leaves out. */
const toJson: (data: unknown) => string | undefined = JSON.stringify;

/**
 * The JSON of data as UTF-8 bytes: the whole payload of an event, so that a client in any language can read it.
 * @throws SerializationFailedError (STAN_SERIALIZATION_FAILED) for what JSON cannot say: `undefined`, a function, a
 * symbol, a BigInt, a circle
 * @internal
 */
export function encodeJson(data: unknown): Buffer {
  return Buffer.from(stringify(data), 'utf8');
}

/**
 * The data that JSON bytes say. No bytes at all are `undefined`: an event may be its subject alone. A byte order mark is
 * skipped. Bytes that are not UTF-8 are refused rather than read with replacement characters, which would hand on
 * corrupted data.
 * @throws TypeError for what is not UTF-8, SyntaxError for what is not JSON: the cause of an UndecodablePayloadError
 * @internal
 */
export function decodeJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw new TypeError('the payload is not valid UTF-8');
  const text = asBuffer(bytes).toString('utf8');
  return JSON.parse(bytes[0] === bomLead && text.startsWith(bom) ? text.slice(bom.length) : text);
}

/**
 * The same bytes as a Buffer, without a copy.
 * @internal
 */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function stringify(data: unknown): string {
  let text: string | undefined;
  try {
    text = toJson(data);
    // Seldom, so that the look into every value costs next to nothing.
    if (text?.includes('{}')) JSON.stringify(data, refuseEmpty);
  } catch (error) {
    if (isRefusal(error)) throw error;
    throw new SerializationFailedError(firstLine(thrownText(error)), { cause: error });
  }
  if (text === undefined)
    throw new SerializationFailedError(`it is ${data === undefined ? 'undefined' : `a ${typeof data}`}`);
  return text;
}

/** A replacer that changes nothing: it refuses what JSON would silently make `{}`. */
function refuseEmpty(name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const reason = emptyJsonReason(value);
  if (reason === undefined) return value;
  throw new SerializationFailedError(name === '' ? reason : `in ${describeValue(name)}: ${reason}`);
}

/** What a `toJSON` throws may be anything, a proxy that was revoked too. */
function isRefusal(error: unknown): error is SerializationFailedError {
  return types.isNativeError(error) && error instanceof SerializationFailedError;
}

/** V8 draws the circle over several lines. */
function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
