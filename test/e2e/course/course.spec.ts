import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanUpAfterTest, showWhenTestFails } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.js';
import { eventually } from '../../support/wait.js';
import { lineMatches } from './match-output.js';
import { readPage } from './read-page.js';
import type { Block } from './read-page.js';
import { Terminal } from './terminal.js';
import type { TerminalSettings } from './terminal.js';

const project = join(import.meta.dirname, '../../..');
const page = readFileSync(join(project, 'docs/course.md'), 'utf8');

describe('docs/course.md', () => {
  it('shows what its commands do when they are typed from the first to the last', { timeout: 900_000 }, async () => {
    const settings = await settingsOfThisMachine();
    const terminals = new Map<string, Terminal>();
    const terminalOf = (name: string): Terminal => {
      const known = terminals.get(name) ?? new Terminal(name, settings);
      terminals.set(name, known);
      return known;
    };
    cleanUpAfterTest(() => Promise.all([...terminals.values()].map((terminal) => terminal.close())));
    showWhenTestFails(() => [...terminals.values()].map((terminal) => terminal.describe()).join('\n'));

    for (const block of readPage(page)) {
      const [first, ...others] = block.terminals.map(terminalOf);
      if (others.length > 0) await seeEachLineOnce(block, [first!, ...others]);
      else for (const step of block.steps) await first!.take(step);
    }
  });

  it('has a section for every part of the course', () => {
    const headings = [...page.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([
      'Three things first',
      'A deployment',
      'A test project: publish and listen',
      'Reaching a server in a cluster',
      'Publish',
      'Listen',
      'What an event contains',
      'Client ids',
      'Queue groups',
      'Manual acknowledgement, and the 30 seconds',
      'Is that client alive',
      'Closing properly',
      'What can go wrong',
      'What does not help',
      'Versions',
      'Restarting without losing anything',
      'Typed subjects and payloads',
      'With the library: every event counts once',
      'Where to go from here',
    ]);
  });
});

/** Each line appears in one of the terminals, whichever, and in no other. */
async function seeEachLineOnce({ steps }: Block, terminals: readonly Terminal[]): Promise<void> {
  for (const shown of steps.flatMap((step) => step.shows)) {
    const found: string[] = [];
    await eventually(
      () => {
        for (const terminal of terminals) found.push(...terminal.takeLines((line) => lineMatches(shown, line)));
        return found.length > 0;
      },
      { what: `"${shown}" in one of the terminals`, timeoutMs: 30_000 },
    );
    expect(found).toHaveLength(1);
  }
}

/** The page's ports and folders may be taken here: it is run on free ones. */
async function settingsOfThisMachine(): Promise<TerminalSettings> {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-course-'));
  cleanUpAfterTest(() => rmSync(folder, { recursive: true, force: true }));
  const [clients, monitoring, web] = [await freePort(), await freePort(), await freePort()];
  const own: Readonly<Record<string, string>> = { 4222: `${clients}`, 8222: `${monitoring}`, 3000: `${web}` };
  const environment = {
    ...process.env,
    NO_COLOR: '1',
    FORCE_COLOR: '0',
    PORT: `${web}`,
    DATA_DIR: folder,
    NATS_URL: '',
  };
  return {
    folder: project,
    localise: (text) => text.replaceAll(/\b(4222|8222|3000)\b/g, (port) => own[port]!),
    // The shop and the demos bring a server of their own where nobody names one.
    environmentOf: (command) =>
      /^npm (start|run demo)/.test(command) ? environment : { ...environment, NATS_URL: `nats://127.0.0.1:${clients}` },
  };
}
