import type { Tally } from './books.js';

/** One way to listen, and what it led to. */
export interface Variant {
  readonly title: string;
  /** A guarded variant has to be clean. */
  readonly guarded: boolean;
  readonly tally: Tally;
  /** Facts of this demo alone, as further rows of its table. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** Shows one of the four concurrency issues. */
export interface Demo {
  readonly name: string;
  readonly title: string;
  /** What goes wrong in it, and why; one line each. */
  readonly harm: readonly string[];
  /** What helps; one line each. */
  readonly cure: readonly string[];
  /** Runs the naive variants first, then the guarded ones. */
  run(): Promise<readonly Variant[]>;
}

/** Nothing lost, nothing doubled, nothing out of order. */
export function isClean({ lost, doubled, outOfOrder }: Tally): boolean {
  return lost === 0 && doubled === 0 && outOfOrder === 0;
}
