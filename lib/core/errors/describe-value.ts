import { types } from 'node:util';

const maxShownLength = 80;
/** The words of an error may be worth more than a value's. */
const maxThrownLength = 2_000;

/**
 * Hides user, password and token of a server URL, so that it can stand in a message or a log line.
 * @internal
 */
export function redactServerUrl(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/i, (_match, scheme: string | undefined) => `${scheme ?? ''}***@`);
}

/**
 * Says in a few words what a value is, for error messages: never long, never a secret from a URL, never throwing.
 * Objects are told by their keys alone, since their values may be credentials.
 * @internal
 */
export function describeValue(value: unknown): string {
  try {
    return describe(value);
  } catch {
    // A getter, a proxy or a conversion of the value's own has thrown.
    return `a value of type ${typeof value} that cannot be described`;
  }
}

/**
 * A promise that was thrown, or given where none belongs, has nobody else to look at it: its rejection would end the
 * process.
 * @internal
 */
export function ignoreRejection(value: unknown): void {
  if (!types.isPromise(value)) return;
  try {
    // Its own `then` and `catch` may be anything; the prototype's is not.
    void Promise.prototype.then.call(value, undefined, () => undefined);
  } catch {
    // Its `constructor` is a getter that throws: there is no other way to a promise's outcome.
  }
}

/**
 * What was thrown, in its own words where it is an error with a text. Never throws.
 * @internal
 */
export function thrownText(error: unknown): string {
  try {
    if (typeof error === 'string') return shorten(error, maxThrownLength);
    const message: unknown = error instanceof Error ? error.message : undefined;
    return typeof message === 'string' ? shorten(message, maxThrownLength) : describe(error);
  } catch {
    return describeValue(error);
  }
}

function describe(value: unknown): string {
  if (types.isPromise(value)) {
    ignoreRejection(value);
    return 'a promise';
  }
  if (typeof value === 'string') return describeString(value);
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (typeof value === 'symbol') return value.toString();
  if (typeof value !== 'object' || value === null) return String(value);
  return describeObject(value);
}

function describeString(value: string): string {
  const shown = value.includes('://') ? redactServerUrl(value) : value;
  return shorten(JSON.stringify(shown));
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${String(value.length)}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString();
  if (value instanceof Error) return shorten(`${value.name}: ${value.message}`);
  return shorten(`{ ${Object.keys(value).join(', ')} }`);
}

function shorten(text: string, maxLength = maxShownLength): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}
