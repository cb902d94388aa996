import { decodeHeaders, isHeaderName } from './headers.js';

/**
 * What a deserializer has returned that says more than the data: a packet with `metadata`. Everything else is the data
 * itself, so that an event without costs nothing more.
 * @internal
 */
export class DecodedEvent {
  constructor(
    readonly data: unknown,
    readonly headers: ReadonlyMap<string, string>,
  ) {}
}

/**
 * The headers in a packet's `metadata: { id, key, headers }`, names in lower case; invalid ones are left out.
 * `undefined` where there are none.
 * @internal
 */
export function headersInMetadata(metadata: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const { id, key, headers } = metadata as {
    readonly id?: unknown;
    readonly key?: unknown;
    readonly headers?: unknown;
  };
  const all = new Map<string, string>();
  for (const [name, value] of entriesOf(headers)) {
    const lower = typeof name === 'string' ? name.toLowerCase() : name;
    if (isHeaderName(lower) && typeof value === 'string') all.set(lower, value);
  }
  setOwn(all, 'id', id);
  setOwn(all, 'key', key);
  return all.size === 0 ? undefined : all;
}

/**
 * All headers of an event: those beside its payload, and over them what its deserializer has read in it.
 * @internal
 */
export function headersOf(
  headerText: string,
  decoded: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const beside = decodeHeaders(headerText);
  if (decoded === undefined) return beside;
  return beside.size === 0 ? decoded : new Map([...beside, ...decoded]);
}

function entriesOf(headers: unknown): Iterable<readonly [unknown, unknown]> {
  if (headers instanceof Map) return headers;
  return typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
}

/** `id` and `key` are not ordinary headers: they are read only from the fields of those names. */
function setOwn(all: Map<string, string>, name: 'id' | 'key', value: unknown): void {
  if (typeof value === 'string' && value !== '') all.set(name, value);
  else all.delete(name);
}
