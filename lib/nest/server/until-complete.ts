import { from, isObservable } from 'rxjs';
import type { ObservableInput } from 'rxjs';

/** By which streams of other libraries, and of other copies of rxjs, are known. */
const observableKey = (Symbol as { readonly observable?: symbol }).observable ?? '@@observable';

/**
 * Waits for what a handler has returned to come to its end: a stream, whose values are not looked at, until it completes;
 * the body of a generator, and any async iterable (a Node or web stream too), until it is done; what a stream or a
 * generator gives is waited for in the same way. Every other value is over at once. Rejects where one of them fails.
 */
export function untilComplete(result: unknown): Promise<void> | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  if (isObservable(result) || hasMethod(result, observableKey)) return untilStreamEnds(result);
  if (hasMethod(result, Symbol.asyncIterator)) return untilIterated(result as AsyncIterable<unknown>);
  // An array or a map is a value; an iterator is work that is not done yet.
  if (hasMethod(result, Symbol.iterator) && hasMethod(result, 'next'))
    return untilIterated(result as Iterable<unknown>);
  return undefined;
}

function untilStreamEnds(stream: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const inner: Promise<void>[] = [];
    from(stream as ObservableInput<unknown>).subscribe({
      next: (value) => {
        const end = untilComplete(value);
        if (end === undefined) return;
        inner.push(end);
        end.catch(reject);
      },
      complete: () => void Promise.all(inner).then(() => resolve(), reject),
      error: reject,
    });
  });
}

async function untilIterated(iterable: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  for await (const value of iterable) await untilComplete(value);
}

function hasMethod(value: object, name: PropertyKey): boolean {
  return typeof (value as Record<PropertyKey, unknown>)[name] === 'function';
}
