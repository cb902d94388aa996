import type { Observable } from 'rxjs';

/** Resolves when the stream has completed, however many values it gave; rejects when it errs. */
export function completionOf(stream: Observable<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.subscribe({ complete: resolve, error: reject });
  });
}
