/** The next number of a repeatable run, from 0 to 2^31 - 1. */
export type Random = () => number;

/** A repeatable source; without a seed it takes one, to be printed where a test fails. */
export function randomFrom(given: string | undefined): { readonly seed: number; readonly random: Random } {
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  let state = seed >>> 0;
  const random = (): number => {
    // Mulberry32: small, and good enough to choose bytes.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % 2 ** 31;
  };
  return { seed, random };
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random() % from.length] as T;
}

/** Runs `round` a number of times, or for as long as MODEL_MINUTES says. */
export async function forMinutes(rounds: number, round: (index: number) => Promise<void>): Promise<number> {
  const minutes = Number(process.env['MODEL_MINUTES'] ?? 0);
  const end = performance.now() + minutes * 60_000;
  let done = 0;
  while (minutes > 0 ? performance.now() < end : done < rounds) {
    done += 1;
    await round(done);
  }
  return done;
}
