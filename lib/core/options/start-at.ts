import { maxAgoMs } from '../option-rules/option-limits.js';
import { isObject } from '../option-rules/expect.decorator.js';

/**
 * Where a subscription starts when the server has no position for it yet. Exactly one.
 * @publicApi
 */
export type StartAt =
  | 'new'
  | 'lastReceived'
  | 'first'
  | { readonly sequence: number }
  | { readonly time: Date }
  | { readonly agoMs: number };

const words: readonly unknown[] = ['new', 'lastReceived', 'first'];

/**
 * What a start position has to be, completing "expected …".
 * @internal
 */
export const startAtExpected =
  'exactly one of "new", "lastReceived", "first", { sequence } from 1, { time } not in the future, ' +
  `{ agoMs } from 0 to ${String(maxAgoMs)}`;

/** @internal */
export function isStartAt(value: unknown): value is StartAt {
  if (words.includes(value)) return true;
  if (!isObject(value)) return false;
  const given = Object.entries(value).filter(([, part]) => part !== undefined);
  const [name, part] = given[0] ?? [];
  return given.length === 1 && isLegalPart(name, part);
}

function isLegalPart(name: string | undefined, part: unknown): boolean {
  if (name === 'sequence') return Number.isSafeInteger(part) && (part as number) >= 1;
  if (name === 'agoMs') return Number.isSafeInteger(part) && (part as number) >= 0 && (part as number) <= maxAgoMs;
  return name === 'time' && part instanceof Date && isPast(part.getTime());
}

/** False for an invalid date, too: its time is NaN. */
function isPast(timeMs: number): boolean {
  const agoMs = Date.now() - timeMs;
  return agoMs >= 0 && agoMs <= maxAgoMs;
}

/**
 * A frozen copy that shares nothing with the caller's object, its Date included.
 * @internal
 */
export function copyStartAt(startAt: StartAt): StartAt {
  if (typeof startAt === 'string') return startAt;
  const given = Object.entries(startAt).filter(([, part]) => part !== undefined);
  const copied = given.map(([name, part]) => [name, part instanceof Date ? new Date(part) : part] as const);
  // isStartAt has left exactly one part, under a name that it knows.
  return Object.freeze(Object.fromEntries(copied)) as unknown as StartAt;
}
