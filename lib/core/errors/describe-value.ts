const maxShownLength = 80;

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

function shorten(text: string): string {
  return text.length <= maxShownLength ? text : `${text.slice(0, maxShownLength)}…`;
}
