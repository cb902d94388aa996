/** The command line cannot be understood; the message says what is wrong with it. @internal */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
