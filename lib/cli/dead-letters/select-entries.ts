import { UsageError } from '../io/usage.error.js';
import { CommandError } from './command.error.js';
import type { DeadLetterEntry } from './dead-letter-entry.js';

/**
 * Which entries a person means: named ones, all open ones, or the open ones of a range.
 * @internal
 */
export interface Selection {
  readonly sequences: readonly number[];
  readonly all?: boolean | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Takes entries too that are done already. */
  readonly again?: boolean | undefined;
}

/**
 * Says before anything is read whether a selection means something.
 * @throws UsageError where nothing, or two things at once, was named
 * @internal
 */
export function refuseUnclearSelection({ sequences, all = false, from, to }: Selection): void {
  const isRange = from !== undefined || to !== undefined;
  if ([sequences.length > 0, all, isRange].filter(Boolean).length === 1) return;
  throw new UsageError('select entries with exactly one of: <sequence...>, --all, --from/--to');
}

/**
 * The entries that a selection means, by sequence.
 * @throws CommandError where nothing, two things at once, an unknown entry or one that is done already was named
 * @internal
 */
export function selectEntries(entries: readonly DeadLetterEntry[], selection: Selection): DeadLetterEntry[] {
  refuseUnclearSelection(selection);
  const { sequences, from, to, again = false } = selection;
  if (sequences.length > 0) return namedEntries(entries, [...new Set(sequences)], again);
  return entries.filter((entry) => (again || entry.done === undefined) && isWithin(entry.sequence, from, to));
}

function namedEntries(
  entries: readonly DeadLetterEntry[],
  sequences: readonly number[],
  again: boolean,
): DeadLetterEntry[] {
  const named = sequences.map((sequence) => findEntry(entries, sequence));
  const done = again ? undefined : named.find((entry) => entry.done !== undefined);
  if (done?.done !== undefined) {
    const { action, at, by } = done.done;
    throw new CommandError(`${String(done.sequence)} was ${action} at ${at} by ${by}; add --again to process it again`);
  }
  return named.sort((one, other) => one.sequence - other.sequence);
}

/**
 * The entry of this sequence.
 * @throws CommandError where there is none
 * @internal
 */
export function findEntry(entries: readonly DeadLetterEntry[], sequence: number): DeadLetterEntry {
  const entry = entries.find((candidate) => candidate.sequence === sequence);
  if (entry !== undefined) return entry;
  throw new CommandError(`there is no dead letter ${String(sequence)}; see the list`);
}

function isWithin(sequence: number, from: number | undefined, to: number | undefined): boolean {
  return (from === undefined || sequence >= from) && (to === undefined || sequence <= to);
}
