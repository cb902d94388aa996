const anything = '…';

/** Whether a line is the shown one, in which `…` stands for any text. Space at its end does not count. */
export function lineMatches(shown: string, line: string): boolean {
  const pattern = shown.trimEnd().split(anything).map(escapeForRegExp).join('.*');
  return new RegExp(`^${pattern}$`).test(line.trimEnd());
}

/** Whether the lines are the shown ones, all of them and no others; a shown line of `…` alone stands for any number. */
export function outputMatches(shown: readonly string[], lines: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return lines.length === 0;
  if (first === anything)
    return lines.some((_, index) => outputMatches(rest, lines.slice(index))) || outputMatches(rest, []);
  return lines[0] !== undefined && lineMatches(first, lines[0]) && outputMatches(rest, lines.slice(1));
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
