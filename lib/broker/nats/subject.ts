/**
 * True for a subject that may be subscribed to: no empty token, `>` only as the last token.
 * @internal
 */
export function isValidSubject(subject: string): boolean {
  const tokens = subject.split('.');
  return tokens.every((token, index) => token !== '' && (token !== '>' || index === tokens.length - 1));
}

/**
 * True for a subject that fits into a protocol line: it is not empty, and neither white space nor a control character
 * can end the line early. What comes inside a STAN request (an inbox) has not passed the NATS parser and is checked by this.
 * @internal
 */
export function fitsProtocolLine(subject: string): boolean {
  // eslint-disable-next-line no-control-regex -- these are the characters that are refused
  return /^[^\x00-\x20\x7f]+$/.test(subject);
}

/**
 * True where a whole token of the subject is `*` or `>`.
 * @internal
 */
export function hasWildcard(subject: string): boolean {
  if (!subject.includes('*') && !subject.includes('>')) return false;
  return subject.split('.').some((token) => token === '*' || token === '>');
}

/**
 * True for a subject that a pedantic connection may publish to.
 * @internal
 */
export function isValidLiteralSubject(subject: string): boolean {
  return isValidSubject(subject) && !hasWildcard(subject);
}

/**
 * True for a subject such as `a..b`, `.a` or `a.`: no pattern covers it, not even `>`.
 * @internal
 */
export function hasEmptyToken(subject: string): boolean {
  return subject.includes('..') || subject.startsWith('.') || subject.endsWith('.');
}
