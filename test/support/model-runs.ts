import fc from 'fast-check';

/** How long each model runs, where `npm run test:models -- --minutes N` says so. */
const minutes = Number(process.env['MODEL_MINUTES'] ?? 0);

/** A few runs in the unit tests, as many as the time allows by command. fast-check prints the seed of a failure. */
export function modelRuns(numRuns: number): fc.Parameters<unknown> {
  if (minutes === 0) return { numRuns };
  return { numRuns: Number.MAX_SAFE_INTEGER, plugins: [fc.interruptAfterTimeLimit(minutes * 60_000)] };
}

/** The time limit of a test that runs a model. */
export const modelTimeoutMs = minutes * 60_000 + 30_000;
