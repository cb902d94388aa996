import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { BrokerRow } from './brokers.js';
import { cleanUpAfterTest, showWhenTestFails } from './cleanup.js';
import { eventually, withDeadline } from './wait.js';

/** What the service in the process listens to. */
export interface ServiceProcessOptions {
  readonly url: string;
  readonly clusterId: string;
  /** The row of the table of brokers; JetStream needs its driver. @defaultValue 'real' */
  readonly broker?: BrokerRow['name'];
  readonly clientId: string;
  readonly subject: string;
  readonly group: string;
  /** How long each handler runs, in milliseconds. @defaultValue 5 */
  readonly workMs?: number;
  readonly subscription?: Record<string, unknown>;
}

/** A Nest service in a process of its own. */
export interface ServiceProcess {
  /** Events whose handler has begun, in order. */
  readonly started: readonly number[];
  /** Events whose handler has finished, in order. */
  readonly done: readonly number[];
  /** Everything that it has written, its log too. */
  readonly output: string;
  kill(signal: NodeJS.Signals): void;
  /** Asks for `app.close()`; the process is then left to end by itself. */
  close(): void;
  /** How it ended: its exit code or the signal. */
  ended(): Promise<number | NodeJS.Signals>;
}

/** Starts the service from the built package (`npm run build` first) and waits until it listens. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const program = join(import.meta.dirname, 'processes', 'consumer.mjs');
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const output: string[] = [];
  const [started, done]: [number[], number[]] = [[], []];
  let isReady = false;
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      output.push(line);
      // Nest's warnings go to stdout as well.
      if (!line.startsWith('{')) continue;
      const fact = JSON.parse(line) as { ready?: true; started?: number; done?: number };
      isReady ||= fact.ready === true;
      if (fact.started !== undefined) started.push(fact.started);
      if (fact.done !== undefined) done.push(fact.done);
    }
  });
  const exit = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
  });
  const describe = () => [`--- ${options.clientId}`, ...output.slice(-40), '---'].join('\n');
  cleanUpAfterTest(() => child.kill('SIGKILL'));
  showWhenTestFails(describe);
  await eventually(
    () => {
      if (isReady || child.exitCode === null) return isReady;
      throw new Error(`it ended with ${child.exitCode}\n${describe()}`);
    },
    { what: `${options.clientId} to listen`, timeoutMs: 30_000 },
  );
  return {
    started,
    done,
    get output() {
      return output.join('\n');
    },
    kill: (signal) => void child.kill(signal),
    close: () => void child.stdin.write('close\n'),
    ended: () => withDeadline(exit, { what: `${options.clientId} to end`, timeoutMs: 20_000 }),
  };
}
