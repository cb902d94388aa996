/** `serialization_failure` and `deadlock_detected`; P2034 is what Prisma makes of both. */
const conflictCodes: readonly unknown[] = ['40001', '40P01', 'P2034'];

/** Where the libraries keep the database's own error. */
const wrappers = ['cause', 'driverError', 'originalError', 'meta', 'driverAdapterError'] as const;

/** How deep errors are wrapped at most. */
const maxDepth = 5;

/**
 * Whether an error only says that the transaction lost against another one.
 * @internal
 */
export function isConflict(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > maxDepth) return false;
  const { code, originalCode } = error as { code?: unknown; originalCode?: unknown };
  if (conflictCodes.includes(code) || conflictCodes.includes(originalCode)) return true;
  return wrappers.some((name) => isConflict((error as Record<string, unknown>)[name], depth + 1));
}
