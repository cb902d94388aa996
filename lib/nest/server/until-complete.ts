import { isObservable } from 'rxjs';

/** A stream is over when it has completed, however many values it gave; it fails when it errs. Values are over at once. */
export function untilComplete(result: unknown): Promise<void> | undefined {
  if (!isObservable(result)) return undefined;
  return new Promise((resolve, reject) => {
    result.subscribe({ complete: resolve, error: reject });
  });
}
