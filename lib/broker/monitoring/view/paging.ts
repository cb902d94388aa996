const defaultLimit = 1_024;

/** Which part of a list is asked for. */
export interface Paging {
  readonly offset: number;
  readonly limit: number;
}

/** Values that are not numbers are ignored, as on the real server. @internal */
export function pagingOf(query: URLSearchParams): Paging {
  const offset = wholeNumber(query.get('offset'));
  const limit = wholeNumber(query.get('limit'));
  return { offset: Math.max(offset, 0), limit: limit > 0 ? limit : defaultLimit };
}

/** @internal */
export function pageOf<T>(items: readonly T[], { offset, limit }: Paging): T[] {
  return items.slice(offset, offset + limit);
}

/** @internal */
export function wantsSubscriptions(query: URLSearchParams): boolean {
  return wholeNumber(query.get('subs')) === 1;
}

function wholeNumber(text: string | null): number {
  return text !== null && /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}
