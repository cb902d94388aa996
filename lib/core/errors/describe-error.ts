import { isNativeError } from 'node:util/types';

import { describeValue, ignoreRejection } from './describe-value.js';
import { errorDetail } from './error-detail.js';

/**
 * What was thrown, in a form that can be stored: never long.
 * @internal
 */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** What describes a failure is cut here, so that the letter fits beside its event. */
const longest = { name: 200, message: 8_192, stack: 16_384 } as const;

/**
 * Says what a handler has thrown, whatever it is. Never throws, and is never long.
 * @internal
 */
export function describeError(error: unknown): ErrorDescription {
  ignoreRejection(error);
  if (!isError(error)) return { name: typeof error, message: cut(textOf(error), longest.message) };
  const name = cut(propertyText(error, 'name') ?? 'Error', longest.name);
  const message = cut(errorDetail(error) ?? propertyText(error, 'message') ?? '', longest.message);
  const stack = ownText(error, 'stack');
  return stack === undefined ? { name, message } : { name, message, stack: cut(stack, longest.stack) };
}

/**
 * The same in a few words, for a letter that would not fit otherwise.
 * @internal
 */
export function shortDescription({ name, message }: ErrorDescription): ErrorDescription {
  return { name: cut(name, 80), message: cut(message, 160) };
}

/**
 * Tells errors from other values that were thrown: one of another realm (a vm, Jest) is an instance of that realm's class.
 * Never throws.
 * @internal
 */
export function isError(error: unknown): error is Error {
  try {
    return error instanceof Error || isNativeError(error);
  } catch {
    // A proxy that was revoked.
    return false;
  }
}

/** Declared as strings, but anybody may overwrite them, even with a getter that throws. */
function propertyText(error: Error, property: 'name' | 'message'): string | undefined {
  try {
    const value: unknown = error[property];
    return value === undefined ? undefined : textOf(value);
  } catch {
    return `(reading its ${property} failed)`;
  }
}

function ownText(error: Error, property: 'stack'): string | undefined {
  try {
    const value: unknown = error[property];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${String(text.length)} characters)`;
}

/** A function, a symbol and nothing have no JSON, which the declared type does not say. */
const toJson: (value: unknown) => string | undefined = JSON.stringify;

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return toJson(value) ?? describeValue(value);
  } catch {
    return describeValue(value);
  }
}
