import type { FailureClassifier } from '../../core/delivery/failure-policy.js';
import { hasBrand } from '../../core/errors/brand.js';
import { isValidationFailure } from '../../core/errors/error-detail.js';
import { MissingEventIdError } from '../../core/errors/missing-event-id.error.js';
import { UnusableKeyError } from '../../core/errors/unusable-key.error.js';
import { isRetryLater } from './retry-later.exception.js';

/** What Nest's ValidationPipe throws: 400 by default, 422 where its `errorHttpStatusCode` says so. */
const validationStatuses: readonly unknown[] = [400, 422];

/**
 * What the exceptions of this room, and a failed validation, say about the next try. Known by what they are, not by their
 * class: another copy of this package or of Nest may have made them.
 * @internal
 */
export const exceptionClassifier: FailureClassifier = {
  isFinal: (error) =>
    error instanceof UnusableKeyError ||
    error instanceof MissingEventIdError ||
    hasBrand(error, 'NonRetriableException') ||
    validationStatuses.includes(httpStatusOf(error)) ||
    isValidationFailure(error),
  retryLaterMs: (error) => (isRetryLater(error) ? error.delayMs : undefined),
};

function httpStatusOf(error: unknown): unknown {
  try {
    const { getStatus, getResponse } = error as { getStatus?: unknown; getResponse?: unknown };
    const isHttpException = typeof getStatus === 'function' && typeof getResponse === 'function';
    return isHttpException ? (Reflect.apply(getStatus, error, []) as unknown) : undefined;
  } catch {
    // Not an object, or one that cannot be read.
    return undefined;
  }
}
