import { textPage } from '../view/page.js';
import type { Page } from '../view/page.js';

/** A query that the server cannot read: the page is a 400 that says so. @internal */
export class QueryError extends Error {
  get page(): Page {
    return textPage(400, this.message);
  }
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** @internal */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? '';
  if (text === '') return false;
  const value = flags.get(text);
  if (value !== undefined) return value;
  throw new QueryError(
    `Error decoding boolean for '${name}': strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** 0 where it is not given. @internal */
export function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (text === '') return 0;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new QueryError(
    `Error decoding int for '${name}': strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}
