import { createHash, randomBytes } from 'node:crypto';
import { link, open, realpath, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreLockedError } from './store-locked.error.js';

const lockName = 'broker.lock';
const attempts = 10;
/** How long a holder has to say who it is; it may be busy or frozen, and holds the lock all the same. */
const answerTimeoutMs = 300;
/** A socket's path is limited to about 100 bytes; a longer directory is reached through its descriptor. */
const longestPathBytes = 60;

/** What a broker that holds a lock says about itself. */
interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** A socket that listens: the kernel answers for its process, and closes it when the process ends, however it ends. */
interface Claim {
  readonly server: Server;
  readonly token: string;
}

/**
 * Keeps a second broker off a directory. The lock is a socket in it that the broker listens on: whoever can connect knows
 * that the holder lives, also from another container on the same volume, where process ids mean nothing. The socket of a
 * process that is gone (`kill -9`) refuses, and its file is taken over.
 * @internal
 */
export class DirectoryLock {
  private isHeld = true;

  private constructor(
    private readonly place: LockPlace,
    private readonly server: Server,
  ) {}

  /** @throws StoreLockedError (STAN_BROKER_START_FAILED) while another broker holds it */
  static async take(directory: string): Promise<DirectoryLock> {
    const place = await LockPlace.of(directory);
    try {
      return new DirectoryLock(place, await claim(directory, place));
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  /** Gives the directory back. Idempotent. */
  async release(): Promise<void> {
    if (!this.isHeld) return;
    this.isHeld = false;
    if (this.place.hasFiles) await rm(this.place.path(lockName), { force: true });
    await closeServer(this.server);
    await this.place.close();
  }
}

/** Where the sockets of a directory are. */
class LockPlace {
  private constructor(
    private readonly base: string,
    private readonly handle: FileHandle | undefined,
    /** False on Windows: a pipe has a name and no file. */
    readonly hasFiles: boolean,
  ) {}

  static async of(directory: string): Promise<LockPlace> {
    const real = await realpath(directory);
    if (process.platform === 'win32') {
      const name = createHash('sha256').update(real.toLowerCase()).digest('hex').slice(0, 32);
      return new LockPlace(`\\\\.\\pipe\\nestjs-stan-${name}-`, undefined, false);
    }
    if (process.platform !== 'linux' || Buffer.byteLength(real) <= longestPathBytes) {
      return new LockPlace(real, undefined, true);
    }
    const handle = await open(real, 'r');
    return new LockPlace(`/proc/self/fd/${String(handle.fd)}`, handle, true);
  }

  path(name: string): string {
    return this.hasFiles ? join(this.base, name) : `${this.base}${name}`;
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

async function claim(directory: string, place: LockPlace): Promise<Server> {
  if (!place.hasFiles) return claimPipe(directory, place);
  const mine: Claim = { server: makeServer(), token: randomBytes(6).toString('hex') };
  const draft = place.path(`${lockName}.${mine.token}`);
  await listen(mine.server, draft);
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (await tryLink(draft, place.path(lockName))) return mine.server;
      const holder = await holderOf(place.path(lockName));
      if (holder !== undefined) throw new StoreLockedError(directory, holder.pid, holder.host);
      await removeStale(place);
    }
    throw new StoreLockedError(directory, 0, '');
  } catch (error) {
    await closeServer(mine.server);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function claimPipe(directory: string, place: LockPlace): Promise<Server> {
  const server = makeServer();
  try {
    await listen(server, place.path(lockName));
    return server;
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    const holder = await holderOf(place.path(lockName));
    throw new StoreLockedError(directory, holder?.pid ?? 0, holder?.host ?? '');
  }
}

function makeServer(): Server {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder));
  });
  server.unref(); // a lock alone keeps no process alive
  return server;
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => undefined); // one question that could not be accepted; the lock is held all the same
      resolve();
    });
  });
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** A link is made whole or not at all, and fails where there is a file. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Who listens on the socket; undefined where nobody does. */
async function holderOf(path: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path);
    const done = (holder: Holder | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(holder);
    };
    const timer = setTimeout(() => done(unknownHolder), answerTimeoutMs);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    socket.on('end', () => done(parseHolder(text)));
    // Refused or gone: nobody listens. Anything else (no right to ask, too many waiting) means that somebody may.
    socket.on('error', (error) => {
      done(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(codeOf(error) ?? '') ? undefined : unknownHolder);
    });
  });
}

const unknownHolder: Holder = { pid: 0, host: '' };

function parseHolder(text: string): Holder {
  try {
    const { pid, host } = JSON.parse(text) as Partial<Holder>;
    return { pid: Number(pid), host: String(host) };
  } catch {
    return unknownHolder;
  }
}

/** Moves the stale file aside first: of two brokers that found it stale, one moves it and the other finds nothing. */
async function removeStale(place: LockPlace): Promise<void> {
  const aside = place.path(`${lockName}.stale-${randomBytes(6).toString('hex')}`);
  try {
    await rename(place.path(lockName), aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return; // the other one was faster
    throw error;
  }
  // Between our look and our move the other one may have put its own lock there: give it back.
  if ((await holderOf(aside)) !== undefined) await tryLink(aside, place.path(lockName));
  await rm(aside, { force: true, recursive: true });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
