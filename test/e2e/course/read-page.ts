/** What is typed, or has to be seen, in one terminal. */
export type Step =
  | { readonly type: 'command'; readonly text: string; readonly line: number; readonly shows: readonly string[] }
  | { readonly type: 'input'; readonly text: string; readonly line: number; readonly shows: readonly string[] }
  | { readonly type: 'interrupt'; readonly line: number; readonly shows: readonly string[] }
  | { readonly type: 'output'; readonly line: number; readonly shows: readonly string[] };

/** One block of the page: its steps, and the terminal (or the terminals, of which one shows each line) they are for. */
export interface Block {
  readonly terminals: readonly string[];
  readonly steps: readonly Step[];
}

/**
 * Reads the ```console blocks of a page. Their first line names the terminal; `$`, `>` and `^C` begin a step, and what
 * follows is what it has to show.
 */
export function readPage(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let start = lines.indexOf('```console'); start !== -1; start = lines.indexOf('```console', start + 1)) {
    const end = lines.indexOf('```', start);
    const [, names] = /^# terminal: (.+)$/.exec(lines[start + 1] ?? '') ?? [];
    if (!names) throw new Error(`line ${start + 2}: the block does not say which terminal it is for`);
    blocks.push({ terminals: names.split(' or '), steps: readSteps(lines.slice(start + 2, end), start + 3) });
  }
  return blocks;
}

function readSteps(lines: readonly string[], firstLine: number): Step[] {
  const steps: (Step & { shows: string[] })[] = [];
  for (const [index, text] of lines.entries()) {
    const at = { line: firstLine + index, shows: [] };
    if (text.startsWith('$ ')) steps.push({ type: 'command', text: text.slice(2), ...at });
    else if (text.startsWith('> ')) steps.push({ type: 'input', text: text.slice(2), ...at });
    else if (text === '^C') steps.push({ type: 'interrupt', ...at });
    else {
      if (steps.length === 0) steps.push({ type: 'output', ...at });
      steps.at(-1)?.shows.push(text);
    }
  }
  return steps;
}
