import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '../../support/wait.js';

const builtCli = join(import.meta.dirname, '..', '..', '..', 'dist', 'lib', 'cli', 'main.js');
const cli = process.env['CRASH_CLI'] ?? builtCli;

/** `nestjs-stan server` with the file store, in a process of its own that can be killed at any moment. */
export class CrashServer {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private output = '';

  constructor(
    readonly port: number,
    private readonly directory: string,
  ) {}

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    this.output = '';
    const flags = ['server', '-p', String(this.port), '-st', 'FILE', '--dir', this.directory, '-cid', 'crash'];
    const child = spawn(process.execPath, [cli, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    this.child = child;
    await eventually(
      () => {
        if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${this.output}`);
        return this.output.includes('Ready.');
      },
      { what: 'the server to serve', timeoutMs: 20_000, intervalMs: 5 },
    );
  }

  /** Kills it (`kill -9`) and waits until it is gone. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }
}
