import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PostgresBinaries } from './postgres-binaries.js';
import { everybodyCanEnter, findPostgresBinaries, publicCopyOf } from './postgres-binaries.js';

const user = 'shop';
const password = 'shop';

/** What an embedded Postgres needs to know. */
export interface EmbeddedPostgresOptions {
  /** Folder of its data; made where it does not exist. */
  readonly folder: string;
  /** Port on 127.0.0.1. */
  readonly port: number;
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** A real Postgres 18 on loopback, started from binaries that npm brought, in a process group of its own. */
export class EmbeddedPostgres {
  private readonly child: ChildProcess;
  private readonly exit: Promise<void>;
  private readonly killWithUs = () => void this.child.kill('SIGQUIT');

  private constructor(
    child: ChildProcess,
    /** Where its data is: another folder than the one asked for where the user it runs as cannot enter that one. */
    readonly folder: string,
    readonly port: number,
  ) {
    this.child = child;
    this.exit = new Promise((resolve) => child.once('exit', () => resolve()));
    process.once('exit', this.killWithUs);
  }

  /**
   * Makes the data folder where there is none and resolves once connections are accepted.
   * @throws Error with Postgres' own last words when it does not come up
   */
  static async start({ folder, port }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const owner = await findOwner();
    const found = await findPostgresBinaries();
    const binaries = owner.uid === undefined ? found : await publicCopyOf(found);
    const data = await prepareFolder(folder, owner, binaries);
    // Not in our process group: Ctrl-C reaches the whole group, and the database must be the last to stop.
    const flags = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'max_connections=200'];
    const child = spawn(binaries.postgres, flags, { ...owner, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    const postgres = new EmbeddedPostgres(child, data, port);
    await becomesReady(child);
    return postgres;
  }

  /** Where to reach one of its databases. */
  get url(): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.port}/postgres`;
  }

  /** Resolves when the server is gone, for whatever reason. */
  get exited(): Promise<void> {
    return this.exit;
  }

  /** Ends all sessions and waits until the server has written its last checkpoint. Idempotent. */
  async stop(): Promise<void> {
    this.child.kill('SIGINT');
    const impatience = setTimeout(() => this.child.kill('SIGQUIT'), 5_000);
    await this.exit;
    clearTimeout(impatience);
    process.off('exit', this.killWithUs);
  }
}

/** Postgres refuses to run as root: there it runs as `postgres`, or as `nobody` where that user does not exist. */
async function findOwner(): Promise<Owner> {
  if (process.getuid?.() !== 0) return {};
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('no user to run Postgres as; set DATABASE_URL instead');
  return { uid: Number(uid), gid: Number(gid) };
}

async function prepareFolder(wanted: string, owner: Owner, binaries: PostgresBinaries): Promise<string> {
  const folder = owner.uid === undefined || (await everybodyCanEnter(dirname(wanted))) ? wanted : publicTwinOf(wanted);
  if (await exists(join(folder, 'PG_VERSION'))) return folder;
  // Made elsewhere and moved, so that a start that was interrupted leaves no half-made cluster behind.
  const draft = `${folder}.new`;
  await rm(draft, { recursive: true, force: true });
  // In two steps: the mode of a recursive mkdir would hold for the parents as well.
  await mkdir(dirname(draft), { recursive: true });
  await mkdir(draft, { mode: 0o700 });
  await initialise(draft, owner, binaries.initdb);
  await rename(draft, folder);
  return folder;
}

function publicTwinOf(folder: string): string {
  return join(tmpdir(), `nestjs-stan-sample-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`);
}

async function initialise(folder: string, owner: Owner, initdb: string): Promise<void> {
  const passwordFile = join(tmpdir(), `nestjs-stan-sample-${process.pid}.pw`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await chown(folder, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
  }
  try {
    const flags = [
      '-D',
      folder,
      '-U',
      user,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
    ];
    await run(initdb, flags, owner);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function run(program: string, flags: readonly string[], owner: Owner): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, flags, { ...owner, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${String(code)}: ${said.trim()}`));
    });
  });
}

function becomesReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      if (said.includes('ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => {
      const hint = said.includes('postmaster.pid') ? '\nStop the other one, or set DATA_DIR to another folder.' : '';
      reject(new Error(`Postgres did not start:\n${said.trim()}${hint}`));
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
