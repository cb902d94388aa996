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
  /** The ways to listen that show the harm, one after the other. */
  readonly naive: readonly (() => Promise<Variant>)[];
  /** The ways to listen that show the cure. */
  readonly guarded: readonly (() => Promise<Variant>)[];
}

/** Nothing lost, nothing doubled, nothing out of order. */
export function isClean({ lost, doubled, outOfOrder }: Tally): boolean {
  return lost === 0 && doubled === 0 && outOfOrder === 0;
}
