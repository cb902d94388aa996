import { isObject } from '../../core/option-rules/expect.decorator.js';
import type { StanEmitOptions } from '../../core/wire/index.js';
import { setHeaders, toHeaders } from '../../core/wire/index.js';
import { isStanRecord } from './stan-record.js';

/** An event as it was given to `emit()`, taken apart. */
export interface GivenEvent {
  readonly data: unknown;
  readonly options: StanEmitOptions | undefined;
}

/** Takes a record apart; options given beside it go over its own, one by one. */
export function toGivenEvent(data: unknown, options: StanEmitOptions | undefined): GivenEvent {
  if (!isStanRecord(data)) return { data, options };
  return { data: data.data, options: options === undefined ? data.options : { ...data.options, ...options } };
}

/**
 * The headers of an event: what a dispatch hook of Nest's has put beside it, and over that what its publisher says. Names
 * in the hook's metadata are taken in lower case, since Nest sets no rule for them.
 * @throws InvalidHeadersError (STAN_INVALID_HEADERS)
 */
export function toOutgoingHeaders(
  subject: string,
  options: StanEmitOptions | undefined,
  metadata: unknown,
): Map<string, string> | undefined {
  const own = options === undefined ? undefined : toHeaders(subject, options);
  if (!isObject(metadata)) return own;
  const headers = new Map<string, string>();
  setHeaders(
    subject,
    headers,
    Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]),
  );
  for (const [name, value] of own ?? []) headers.set(name, value);
  return headers;
}
