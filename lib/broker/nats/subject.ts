/**
 * True for a subject that may be subscribed to: no empty token, `>` only as the last token.
 * @internal
 */
export function isValidSubject(subject: string): boolean {
  const tokens = subject.split('.');
  return tokens.every((token, index) => token !== '' && (token !== '>' || index === tokens.length - 1));
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
