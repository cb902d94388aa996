import { createHash, randomBytes, randomInt } from 'node:crypto';
import { open, readdir, realpath, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreLockedError } from './store-locked.error.js';

const lockName = 'broker.lock';
/** Rounds of brokers that start at one moment; each round one of them goes on and the others step back. */
const attempts = 40;
const longestPauseMs = 50;
/** How long a holder has to say who it is; it may be busy or frozen, and holds the lock all the same. */
const answerTimeoutMs = 300;
/** A socket's path is limited to about 100 bytes; a longer directory is reached through its descriptor. */
const longestPathBytes = 50;

/** What a broker says about itself. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
  /** False while it still looks for others. */
  readonly isHolding: boolean;
}

/**
 * Keeps a second broker off a directory. Each broker listens on a socket of its own in it, and holds the lock if after that
 * nobody else listens on one. The kernel answers for a process, and closes its socket however it ends, also in another
 * container on the same volume, where process ids mean nothing. A socket of a process that is gone (`kill -9`) refuses and is
 * removed; its name is never used again, so that nobody's lock is removed with it.
 * @internal
 */
export class DirectoryLock {
  private isHeld = true;

  private constructor(
    private readonly place: LockPlace,
    private readonly claim: Claim,
  ) {}

  /** @throws StoreLockedError (STAN_BROKER_START_FAILED) while another broker holds it */
  static async take(directory: string): Promise<DirectoryLock> {
    const place = await LockPlace.of(directory);
    try {
      const claim = place.hasFiles ? await claimSocket(directory, place) : await claimPipe(directory, place);
      return new DirectoryLock(place, claim);
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  /** Gives the directory back. Idempotent. */
  async release(): Promise<void> {
    if (!this.isHeld) return;
    this.isHeld = false;
    await this.claim.withdraw();
    await this.place.close();
  }
}

/** Where the sockets of a directory are. */
class LockPlace {
  private constructor(
    readonly base: string,
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

/** A socket on which this process listens. */
class Claim {
  readonly token = randomBytes(6).toString('hex');
  isHolding = false;
  private readonly server: Server;

  constructor(private readonly place: LockPlace) {
    this.server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      const { token, isHolding } = this;
      socket.end(JSON.stringify({ pid: process.pid, host: hostname(), token, isHolding } satisfies Holder));
    });
    this.server.unref(); // a lock alone keeps no process alive
  }

  get name(): string {
    return this.place.hasFiles ? `${lockName}.${this.token}` : lockName;
  }

  /** Under its name only once it listens: before that it would look like one that was left behind. */
  async publish(): Promise<void> {
    if (!this.place.hasFiles) {
      await listen(this.server, this.place.path(this.name));
      return;
    }
    const draft = this.place.path(`draft.${this.token}`);
    await listen(this.server, draft);
    await rename(draft, this.place.path(this.name));
  }

  async withdraw(): Promise<void> {
    if (this.place.hasFiles) await rm(this.place.path(this.name), { force: true });
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

async function claimSocket(directory: string, place: LockPlace): Promise<Claim> {
  let seen: Holder | undefined;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const claim = new Claim(place);
    try {
      await claim.publish();
      seen = await rivalOf(claim, place);
    } catch (error) {
      await claim.withdraw();
      throw error;
    }
    if (seen === undefined) {
      claim.isHolding = true;
      return claim;
    }
    await claim.withdraw();
    if (seen.isHolding) break;
    await pause(randomInt(longestPauseMs));
  }
  throw new StoreLockedError(directory, seen?.pid ?? 0, seen?.host ?? '');
}

/** Whoever keeps this claim from holding. Waits for claims that have to step back for this one: the smaller token goes on. */
async function rivalOf(claim: Claim, place: LockPlace): Promise<Holder | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const others = await othersOf(claim, place);
    if (others.length === 0) return undefined;
    const stronger = others.find((other) => other.isHolding || other.token < claim.token);
    if (stronger !== undefined) return stronger;
    await pause(randomInt(longestPauseMs));
  }
  return unknownHolder;
}

async function othersOf(claim: Claim, place: LockPlace): Promise<Holder[]> {
  const names = (await readdir(place.base)).filter((name) => name.startsWith(`${lockName}.`) && name !== claim.name);
  const found = await Promise.all(names.map((name) => askOrRemove(place.path(name))));
  return found.filter((holder) => holder !== undefined);
}

async function askOrRemove(path: string): Promise<Holder | undefined> {
  const holder = await holderOf(path);
  if (holder === undefined) await rm(path, { force: true });
  return holder;
}

async function claimPipe(directory: string, place: LockPlace): Promise<Claim> {
  const claim = new Claim(place);
  try {
    await claim.publish();
    claim.isHolding = true;
    return claim;
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    const holder = await holderOf(place.path(lockName));
    throw new StoreLockedError(directory, holder?.pid ?? 0, holder?.host ?? '');
  }
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

const unknownHolder: Holder = { pid: 0, host: '', token: '', isHolding: true };

function parseHolder(text: string): Holder {
  try {
    const { pid, host, token, isHolding } = JSON.parse(text) as Partial<Holder>;
    return { pid: Number(pid), host: String(host), token: String(token), isHolding: isHolding !== false };
  } catch {
    return unknownHolder;
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
