import { closest } from 'fastest-levenshtein';

/**
 * The known name that a misspelt one most likely stands for: the same but for upper and lower case, else the one with the
 * fewest letters to change.
 * @internal
 */
export function nearestName(name: string, known: readonly string[]): string {
  const folded = name.toLowerCase();
  return known.find((candidate) => candidate.toLowerCase() === folded) ?? closest(name, known);
}
