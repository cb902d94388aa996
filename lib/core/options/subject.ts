import { describeValue } from '../errors/describe-value.js';
import { InvalidSubjectError } from '../errors/invalid-subject.error.js';
import { maxSubjectBytes } from '../option-rules/option-limits.js';

/** Tokens joined by single dots; no wildcard, slash, blank, control character or lone surrogate. */
// eslint-disable-next-line no-control-regex -- control characters are what it has to find
const legalSubject = /^[^\p{Cs}\u0000-\u0020\u007f.*>/]+(?:\.[^\p{Cs}\u0000-\u0020\u007f.*>/]+)*$/u;

/**
 * Refuses a subject that the server would not take as a channel name.
 * Source: nats-streaming-server 0.25.6 util/util.go (IsChannelNameValid); blanks would split the NATS protocol line.
 * @throws InvalidSubjectError (STAN_INVALID_SUBJECT)
 * @publicApi
 */
export function assertSubject(subject: unknown): asserts subject is string {
  const problem = subjectProblem(subject);
  if (problem === undefined) return;
  throw new InvalidSubjectError(typeof subject === 'string' ? subject : describeValue(subject), problem);
}

/**
 * Says what is wrong with a subject, completing "it is illegal: …"; `undefined` where it is legal.
 * @internal
 */
export function subjectProblem(subject: unknown): string | undefined {
  if (typeof subject !== 'string') return 'it is not a string';
  // A character has at most three bytes in UTF-8 per UTF-16 unit: short subjects need not be measured.
  if (subject.length * 3 > maxSubjectBytes && Buffer.byteLength(subject) > maxSubjectBytes) {
    return `it is longer than ${maxSubjectBytes} bytes`;
  }
  return legalSubject.test(subject) ? undefined : illegalPart(subject);
}

function illegalPart(subject: string): string {
  if (subject === '') return 'it is empty';
  const wildcard = /[*>]/.exec(subject)?.[0];
  if (wildcard !== undefined) return `it has the wildcard "${wildcard}", which STAN does not support`;
  if (subject.includes('/')) return 'it has a "/"';
  if (/^\.|\.\.|\.$/.test(subject)) return 'it has an empty token';
  return 'it has a blank, a control character or half a surrogate pair';
}
