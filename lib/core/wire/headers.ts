import { describeValue } from '../errors/describe-value.js';
import { InvalidHeadersError } from '../errors/invalid-headers.error.js';

/**
 * Headers as a publisher gives them: names of lower case letters, digits, `-`, `_` and `.`, 1 to 64 characters, the first
 * a letter or a digit; values are any text. `id` and `key` are options of their own.
 * @publicApi
 */
export type StanHeaders = Readonly<Record<string, string>> | ReadonlyMap<string, string>;

/**
 * What a publisher says about an event besides its data. It travels beside the payload, which stays as it is.
 * @publicApi
 */
export interface StanEmitOptions {
  /**
   * The event's own id: the same wherever this very event goes, so that a consumer can tell a duplicate.
   * Limits: text, not empty.
   * @throws InvalidHeadersError (STAN_INVALID_HEADERS)
   */
  readonly id?: string | undefined;
  /**
   * What the event is about, for consumers that keep the order of events of one key.
   * Limits: text, not empty.
   * @throws InvalidHeadersError (STAN_INVALID_HEADERS)
   */
  readonly key?: string | undefined;
  /**
   * Further headers, all together at most 4096 bytes as they are sent: a character outside of `A-Za-z0-9*-._` takes
   * three bytes and more, a blank one.
   * @throws InvalidHeadersError (STAN_INVALID_HEADERS)
   */
  readonly headers?: StanHeaders | undefined;
}

/**
 * What the text form of headers begins with. Anything else in the field is not ours.
 * @internal
 */
export const headersPrefix = 'stan-headers/1?';

/**
 * The longest text form, the prefix included. ASCII: a character is a byte.
 * @internal
 */
export const maxHeadersBytes = 4_096;

/** @internal */
export const noHeaders: ReadonlyMap<string, string> = new Map();

const legalName = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Puts together what is to be sent; `undefined` where that is nothing.
 * @throws InvalidHeadersError (STAN_INVALID_HEADERS)
 * @internal
 */
export function toHeaders(subject: string, { id, key, headers }: StanEmitOptions): Map<string, string> | undefined {
  if (id === undefined && key === undefined && headers === undefined) return undefined;
  const all = new Map<string, string>();
  if (id !== undefined) all.set('id', checkedText(subject, 'id', id));
  if (key !== undefined) all.set('key', checkedText(subject, 'key', key));
  if (headers !== undefined) addHeaders(subject, all, headers);
  return all.size === 0 ? undefined : all;
}

function addHeaders(subject: string, all: Map<string, string>, headers: unknown): void {
  if (typeof headers !== 'object' || headers === null)
    throw new InvalidHeadersError(subject, `expected an object or a map, got ${describeValue(headers)}`);
  const entries: readonly (readonly [unknown, unknown])[] =
    headers instanceof Map ? [...headers] : Object.entries(headers);
  const own = entries.find(([name]) => name === 'id' || name === 'key');
  if (own !== undefined)
    throw new InvalidHeadersError(
      subject,
      `"${String(own[0])}" cannot be set as a header; use the option of that name`,
    );
  setHeaders(subject, all, entries);
}

/**
 * Sets headers over those of the same name; what is `undefined` is skipped.
 * @throws InvalidHeadersError (STAN_INVALID_HEADERS)
 * @internal
 */
export function setHeaders(
  subject: string,
  all: Map<string, string>,
  entries: readonly (readonly [unknown, unknown])[],
): void {
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    if (!isHeaderName(name))
      throw new InvalidHeadersError(
        subject,
        `expected a name of lower case letters, digits, "-", "_" and "." (at most 64, the first a letter or a digit), got ${describeValue(name)}`,
      );
    if (typeof value !== 'string')
      throw new InvalidHeadersError(
        subject,
        `expected a string as the value of "${name}", got ${describeValue(value)}`,
      );
    all.set(name, value);
  }
}

/** @internal */
export function isHeaderName(name: unknown): name is string {
  return typeof name === 'string' && legalName.test(name);
}

/**
 * The text form of headers, ASCII: `stan-headers/1?id=1&traceparent=00-…`; empty for none.
 * @throws InvalidHeadersError (STAN_INVALID_HEADERS) where it is too long
 * @internal
 */
export function encodeHeaders(subject: string, headers: ReadonlyMap<string, string> | undefined): string {
  if (headers === undefined || headers.size === 0) return '';
  const text = headersPrefix + new URLSearchParams([...headers]).toString();
  if (text.length <= maxHeadersBytes) return text;
  throw new InvalidHeadersError(
    subject,
    `they take ${String(text.length)} bytes, the limit is ${String(maxHeadersBytes)}; put long values into the payload`,
  );
}

/**
 * Reads the text form. Empty for text that is not ours, as another client may put it there; what is not a header by the
 * rules above is left out. Never throws.
 * @internal
 */
export function decodeHeaders(text: string): ReadonlyMap<string, string> {
  if (!text.startsWith(headersPrefix) || text.length > maxHeadersBytes) return noHeaders;
  const headers = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text.slice(headersPrefix.length))) {
    if (isHeaderName(name)) headers.set(name, value);
  }
  return headers;
}

function checkedText(subject: string, name: 'id' | 'key', value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidHeadersError(subject, `expected a string as "${name}", not empty, got ${describeValue(value)}`);
}
