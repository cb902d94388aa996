import type { Tally } from './books.js';

/**
 * Ways to listen: as one writes it first, on node-nats-streaming; with what helps written by hand, on the same; and with
 * what helps from nestjs-stan.
 */
export const ways = ['naive', 'by hand', 'with the library'] as const;

/** One of them. */
export type Way = (typeof ways)[number];

/** One listener, and what it led to. */
export interface Outcome {
  readonly title: string;
  readonly tally: Tally;
  /** Facts of this demo alone, as further rows of its table. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** An outcome, with the way to listen that it shows. All but the naive ones have to be clean. */
export interface Variant extends Outcome {
  readonly way: Way;
}

/** One way to listen, in a demo. */
export interface Listeners {
  /** What goes wrong and why, or what helps; one line each. */
  readonly text: readonly string[];
  /** Runs that show it, one after the other. */
  readonly runs: readonly (() => Promise<Outcome>)[];
}

/** Shows one of the four concurrency issues. */
export interface Demo {
  readonly name: string;
  readonly title: string;
  readonly listeners: Readonly<Record<Way, Listeners>>;
}

/** Nothing lost, nothing doubled, nothing out of order. */
export function isClean({ lost, doubled, outOfOrder }: Tally): boolean {
  return lost === 0 && doubled === 0 && outOfOrder === 0;
}
