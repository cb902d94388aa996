import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreLockedError } from './store-locked.error.js';

const ATTEMPTS = 10;

interface Holder {
  readonly pid: number;
  /** When that process began, in its system's words: in a container every broker may well be process 1. */
  readonly startedAt: string;
  readonly token: string;
}

/**
 * Keeps a second broker off a directory. The lock is a file that names the process; one left behind by a process that is
 * gone (`kill -9`) is taken over.
 * @internal
 */
export class DirectoryLock {
  private isHeld = true;

  private constructor(private readonly path: string) {}

  /** @throws StoreLockedError (STAN_BROKER_START_FAILED) while another broker holds it */
  static async take(directory: string): Promise<DirectoryLock> {
    const path = join(directory, 'broker.lock');
    const me: Holder = {
      pid: process.pid,
      startedAt: await startOf(process.pid),
      token: randomBytes(12).toString('hex'),
    };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await create(path, me)) return new DirectoryLock(path);
      const holder = await read(path);
      if (holder !== undefined && (await isAlive(holder))) throw new StoreLockedError(directory, holder.pid);
      await removeStale(path, holder);
    }
    throw new StoreLockedError(directory, (await read(path))?.pid ?? 0);
  }

  /** Gives the directory back. Idempotent. */
  async release(): Promise<void> {
    if (!this.isHeld) return;
    this.isHeld = false;
    await rm(this.path, { force: true });
  }
}

/** Creates the file whole or not at all: a link to a finished file, which fails where there is one. */
async function create(path: string, me: Holder): Promise<boolean> {
  const draft = `${path}.${me.token}`;
  await writeFile(draft, JSON.stringify(me));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function read(path: string): Promise<Holder | undefined> {
  try {
    const { pid, startedAt, token } = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    return { pid: Number(pid), startedAt: String(startedAt), token: String(token) };
  } catch {
    return undefined; // gone meanwhile, or not ours: nobody is alive behind it
  }
}

/** Moves the stale file aside first: of two brokers that found it stale, one moves it and the other finds nothing. */
async function removeStale(path: string, stale: Holder | undefined): Promise<void> {
  const aside = `${path}.stale-${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return; // the other one was faster
  }
  const moved = await read(aside);
  // Between our look and our move the other one may have put its own lock there: give it back.
  if (moved !== undefined && moved.token !== stale?.token) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return (await startOf(holder.pid)) === holder.startedAt;
}

/** Where there is no /proc every process has the same beginning, and its id alone decides. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces; the start time is the 22nd field.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
