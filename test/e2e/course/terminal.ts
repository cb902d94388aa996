import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { eventually } from '../../support/wait.js';
import { outputMatches } from './match-output.js';
import type { Step } from './read-page.js';

/** What the page's terminals have in common. */
export interface TerminalSettings {
  readonly folder: string;
  /** Environment of a command. */
  environmentOf(command: string): NodeJS.ProcessEnv;
  /** Puts this machine's ports in the place of the page's. */
  localise(text: string): string;
}

/** What npm and the shell add to the output of a program: not shown on the page. */
const notShown = /^\s*$|^> |^npm |^Building/;

/** A terminal in which the page's commands are typed, one program at a time. */
export class Terminal {
  private folder: string;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private rest = '';
  /** Lines that no step has accounted for yet. */
  private lines: string[] = [];

  constructor(
    readonly name: string,
    private readonly settings: TerminalSettings,
  ) {
    this.folder = settings.folder;
  }

  /** Does the step and waits until exactly what it shows can be seen. */
  async take(step: Step): Promise<void> {
    const shows = step.shows.map((line) => this.settings.localise(line));
    if (step.type === 'command') return this.run(step.text, shows, step.line);
    if (step.type === 'input') this.child?.stdin?.write(`${step.text}\n`);
    if (step.type === 'interrupt') await this.interrupt();
    return this.see(shows, step.line);
  }

  /** Takes the lines for which `isWanted` holds out of what can be seen. */
  takeLines(isWanted: (line: string) => boolean): string[] {
    const taken = this.lines.filter(isWanted);
    this.lines = this.lines.filter((line) => !isWanted(line));
    return taken;
  }

  /** What has been seen and not been asked for, for messages. */
  describe(): string {
    return `--- terminal ${this.name}\n${this.lines.join('\n')}`;
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  private async run(text: string, shows: readonly string[], line: number): Promise<void> {
    if (text.startsWith('cd ')) {
      this.folder = resolve(this.folder, text.slice(3));
      return;
    }
    const command = this.settings.localise(text);
    // What another program does takes a moment to be seen; a reader would look again.
    const looksOnly = command.startsWith('curl ') && !command.includes(' -X ');
    const deadline = performance.now() + 15_000;
    for (;;) {
      await this.idle(line);
      this.start(command);
      try {
        await this.see(shows, line);
        return;
      } catch (error) {
        if (!looksOnly || performance.now() > deadline) throw error;
        this.lines = [];
      }
    }
  }

  /** Resolves when exactly these lines can be seen; fails early when the program has ended and they cannot come any more. */
  private async see(shows: readonly string[], line: number): Promise<void> {
    const seen = () => outputMatches(readyFirst(shows), readyFirst(this.lines));
    const outcome = await eventually(() => seen() || (this.child === undefined && 'ended'), {
      what: `line ${line} of the page to come true in terminal ${this.name}`,
      timeoutMs: 60_000,
    }).catch(() => 'missing');
    if (outcome !== true && !seen()) {
      throw new Error(
        `line ${line} of the page, terminal ${this.name}\n--- it shows\n${shows.join('\n')}\n--- seen\n${this.lines.join('\n')}\n---`,
      );
    }
    this.lines = [];
  }

  private start(command: string): void {
    const child = spawn('bash', ['-c', command], {
      cwd: this.folder,
      env: this.settings.environmentOf(command),
      // A process group of its own, as a shell makes one: Ctrl-C reaches all that the command has started.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.print(text));
    child.stdin.on('error', () => undefined);
    this.ended = new Promise((done) => {
      child.once('close', () => {
        this.print(this.rest === '' ? '' : '\n');
        this.child = undefined;
        done();
      });
    });
  }

  private print(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    this.lines.push(...lines.filter((line) => !notShown.test(line)));
  }

  private async interrupt(): Promise<void> {
    this.signal('SIGINT');
    await eventually(() => this.child === undefined, {
      what: `Ctrl-C to end what runs in ${this.name}`,
      timeoutMs: 30_000,
    });
  }

  /** A prompt is only there when the last command has ended. */
  private async idle(line: number): Promise<void> {
    await eventually(() => this.child === undefined, {
      what: `terminal ${this.name} to be free for line ${line}; is a ^C missing before it?`,
      timeoutMs: 30_000,
    });
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child?.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // It has just ended by itself.
    }
  }
}

/** A listener's first event and its word that it listens may overtake each other. */
function readyFirst(lines: readonly string[]): string[] {
  const isReady = (line: string) => / listens( |$)/.test(line);
  return [...lines.filter(isReady), ...lines.filter((line) => !isReady(line))];
}
