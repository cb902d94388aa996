/**
 * The longest time a Node.js timer can wait (about 24.8 days); a longer one would fire at once.
 * @internal
 */
export const maxTimerMs = 2_147_483_647;

/**
 * The largest int32: counts and whole seconds travel as int32 in the STAN protocol.
 * @internal
 */
export const maxInt32 = 2_147_483_647;

/**
 * The longest whole number of seconds, in milliseconds, that fits a Node.js timer.
 * @internal
 */
export const maxWholeSecondsMs = 2_147_483_000;

/**
 * The longest time span, in milliseconds, that a start position can reach back: it travels as int64 nanoseconds.
 * @internal
 */
export const maxAgoMs = 9_000_000_000_000;

/**
 * The longest subject, in bytes, that is taken: a protocol line of more than 4096 bytes makes the server cut the
 * connection, and prefix, reply inbox and sizes share that line.
 * @internal
 */
export const maxSubjectBytes = 2_048;
