import { HttpException } from '@nestjs/common';

import type { FailureClassifier } from '../../core/delivery/failure-policy.js';
import { MissingEventIdError } from '../../core/errors/missing-event-id.error.js';
import { UnusableKeyError } from '../../core/errors/unusable-key.error.js';
import { NonRetriableException } from './non-retriable.exception.js';
import { RetryLaterException } from './retry-later.exception.js';

/** What Nest's ValidationPipe throws: 400 by default, 422 where its `errorHttpStatusCode` says so. */
const validationStatuses: readonly number[] = [400, 422];

/**
 * What the exceptions of this room, and a failed validation, say about the next try.
 * @internal
 */
export const exceptionClassifier: FailureClassifier = {
  isFinal: (error) =>
    error instanceof NonRetriableException ||
    error instanceof UnusableKeyError ||
    error instanceof MissingEventIdError ||
    (error instanceof HttpException && validationStatuses.includes(error.getStatus())),
  retryLaterMs: (error) => (error instanceof RetryLaterException ? error.delayMs : undefined),
};
