/**
 * A fact that a test waits for did not happen; the message ends with the timeline of what did. A failed expectation of a
 * test and not an error of the transport, hence no `StanError`.
 * @publicApi
 */
export class FactMissingError extends Error {
  override readonly name = 'FactMissingError';

  constructor(
    /** What was waited for, in words. */
    readonly expectation: string,
    readonly timeoutMs: number,
    /** What happened instead, a line each. */
    readonly timeline: string,
  ) {
    super(`${expectation} did not happen within ${String(timeoutMs)} ms. What happened:\n${timeline}`);
  }
}
