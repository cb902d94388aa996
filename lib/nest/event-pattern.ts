import { describeValue } from '../core/errors/describe-value.js';
import { InvalidSubjectError } from '../core/errors/invalid-subject.error.js';

/**
 * The subject that a pattern stands for. Nest would make an object, a RegExp or a symbol into a text that nobody publishes
 * to, or fail on it.
 * @throws InvalidSubjectError (STAN_INVALID_SUBJECT)
 */
export function assertPattern(pattern: unknown, owner?: string): string {
  if (typeof pattern === 'string') return pattern;
  if (typeof pattern === 'number') return String(pattern);
  const whose = owner === undefined ? '' : ` of ${owner}`;
  throw new InvalidSubjectError(
    patternText(pattern),
    `a pattern${whose} has to be the subject itself, a string such as "orders:created"`,
  );
}

/** A pattern as it stands in a message. */
export function patternText(pattern: unknown): string {
  return typeof pattern === 'string' ? `'${pattern}'` : describeValue(pattern);
}
