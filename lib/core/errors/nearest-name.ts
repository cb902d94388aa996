import { distance } from 'fastest-levenshtein';

/** The shortest name that is taken for a part of another. */
const minPartLength = 4;

/**
 * The known name that a misspelt one most likely stands for: the same but for upper and lower case, else the one with the
 * fewest letters to change, else one that it is a part of; `undefined` where none is close, since a wrong guess sends people
 * the wrong way.
 * @internal
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const folded = name.toLowerCase();
  const candidates = known.map((candidate) => {
    const other = candidate.toLowerCase();
    return { candidate, other, letters: distance(folded, other) };
  });
  candidates.sort((a, b) => a.letters - b.letters);
  const [nearest] = candidates;
  if (nearest !== undefined && nearest.letters <= tolerated(name)) return nearest.candidate;
  return candidates.find(({ other }) => isPartOf(folded, other) || isPartOf(other, folded))?.candidate;
}

/** How many letters may differ: two of four are a swap, of three they are another word. */
function tolerated({ length }: string): number {
  if (length < minPartLength) return 1;
  return Math.max(2, Math.floor(length * 0.3));
}

function isPartOf(short: string, long: string): boolean {
  return short.length >= minPartLength && long.includes(short);
}
