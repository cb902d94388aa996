import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '../../support/wait.js';
import type { openHistory } from './history.js';
import type { ChildScene } from './scene.js';

/** One of the processes under test, run after run. */
export class Child {
  incarnation = 0;
  /** The last lines that it wrote, for a failure. */
  readonly output: string[] = [];
  private child: ChildProcess | undefined;
  private exit: Promise<void> = Promise.resolve();
  private said = new Set<string>();

  constructor(
    private readonly scene: Omit<ChildScene, 'incarnation'>,
    private readonly record: ReturnType<typeof openHistory>,
  ) {}

  get name(): ChildScene['process'] {
    return this.scene.process;
  }

  /** Starts it; `ready` comes later. */
  start(): void {
    this.incarnation += 1;
    const { incarnation } = this;
    const program = join(import.meta.dirname, this.name === 'publisher' ? 'publisher.js' : 'consumer.js');
    const scene: ChildScene = { ...this.scene, incarnation, seed: this.scene.seed + incarnation };
    const child = spawn(process.execPath, ['--enable-source-maps', program, JSON.stringify(scene)]);
    this.child = child;
    this.said = new Set();
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    // A killed child's pipe may break while a command is being written.
    child.stdin.on('error', () => undefined);
    this.exit = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.record({ type: 'exit', process: this.name, incarnation, how: signal ?? `code ${String(code)}` });
        resolve();
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Says something to it; what it had said to it before is forgotten where the answer is awaited next. */
  command(text: string): void {
    this.said.clear();
    this.child?.stdin?.write(`${text}\n`);
  }

  /** Waits until it has said `what`. */
  async whenSaid(what: string, timeoutMs: number): Promise<void> {
    await eventually(() => this.said.has(what), { what: `${this.name} to say ${what}`, timeoutMs });
  }

  async exited(): Promise<void> {
    await this.exit;
  }

  private hear(text: string): void {
    for (const line of text.split('\n').filter(Boolean)) {
      if (line.startsWith('@')) this.said.add(line.slice(1));
      else this.output.push(line);
    }
    this.output.splice(0, Math.max(0, this.output.length - 30));
  }
}
