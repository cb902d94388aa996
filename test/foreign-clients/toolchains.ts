import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '..', '..', '.cache', 'foreign');
const onWindows = process.platform === 'win32';

/** What a client has said, by fact. */
export type ForeignFacts = Readonly<Record<string, unknown>>;

/** A client in another language: how to make it ready, and how to run it. */
export interface ForeignClient {
  readonly name: string;
  /** What has to be on this machine. */
  readonly tool: string;
  /** Resolves with false where the tool is missing. */
  isAvailable(): Promise<boolean>;
  /** Fetches its packages and builds it, into a folder that git ignores. */
  prepare(): Promise<void>;
  /** Runs it through the course of a durable, or through an exchange of events; resolves with what it said, by fact. */
  play(url: string, clusterId: string, channel: string, ...course: readonly string[]): Promise<ForeignFacts>;
}

const goFolder = join(import.meta.dirname, 'go');
const goBinary = join(cache, onWindows ? 'go-client.exe' : 'go-client');

export const goClient: ForeignClient = {
  name: 'Go, github.com/nats-io/stan.go 0.10.4',
  tool: 'go',
  isAvailable: () => works('go', ['version']),
  prepare: async () => {
    await mkdir(cache, { recursive: true });
    await run('go', ['build', '-o', goBinary, '.'], { cwd: goFolder, timeout: 240_000 });
  },
  play: (...args) => facts(goBinary, args),
};

const pythonFolder = join(import.meta.dirname, 'python');
const virtualenv = join(cache, 'python');
const virtualPython = join(virtualenv, onWindows ? 'Scripts' : 'bin', onWindows ? 'python.exe' : 'python');

export const pythonClient: ForeignClient = {
  name: 'Python, asyncio-nats-streaming 0.4.0',
  tool: 'python3',
  isAvailable: () => works('python3', ['-c', 'import venv, ensurepip']),
  prepare: async () => {
    if (!existsSync(virtualPython)) await run('python3', ['-m', 'venv', virtualenv], { timeout: 120_000 });
    const requirements = join(pythonFolder, 'requirements.txt');
    const flags = ['--quiet', '--disable-pip-version-check', '--requirement', requirements];
    await run(virtualPython, ['-m', 'pip', 'install', ...flags], { timeout: 240_000 });
  },
  play: (...args) => facts(virtualPython, [join(pythonFolder, 'client.py'), ...args]),
};

async function works(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

async function facts(command: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(command, args, { timeout: 90_000 });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const { fact, value } = JSON.parse(line) as { fact: string; value: unknown };
      return [fact, value];
    }),
  );
}
