import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cleanUpAfterTest, showWhenTestFails } from './cleanup.js';
import { freePort } from './free-port.js';
import { fresh } from './fresh.js';
import { ServerDatabase, sqlStoreUrl } from './postgres/server-database.js';
import { eventually } from './wait.js';

/** Which server: NATS Streaming, or nats-server with JetStream. */
export type ServerKind = 'stan' | 'jetstream';

/** How to start a real server. */
export interface RealServerOptions {
  /** @defaultValue 'stan' */
  readonly kind?: ServerKind;
  /** A nats-server for nothing but NATS. @defaultValue false */
  readonly withoutJetStream?: boolean;
  /** `given`: by `args`. @defaultValue 'file', in a new temporary folder; in a run for the SQL store a database instead */
  readonly store?: 'file' | 'memory' | 'given';
  /** @defaultValue a name of its own */
  readonly clusterId?: string;
  /** Port for clients; a restart keeps it. @defaultValue a free one */
  readonly port?: number;
  /** Server heartbeats, in Go's words (`'5s'`). @defaultValue the server's own: 30s, 10s, 10 */
  readonly heartbeat?: { readonly interval?: string; readonly timeout?: string; readonly failCount?: number };
  /** The line that it serves from; a follower in a cluster never says the default. @defaultValue 'Streaming Server is ready' */
  readonly readyWhen?: string;
  /** More flags, as the server spells them. Channels are unlimited unless `-mc` is given. */
  readonly args?: readonly string[];
  /** Takes the lines for which it answers true away from the log: those of a trace are too many to be kept. */
  readonly takeLine?: (line: string, server: RealServer) => boolean;
}

/** Whether a restarted server has what the one before it had stored. */
export type ServerState = 'kept' | 'lost';

const binaries = {
  stan: { name: 'nats-streaming-server', version: '0.25.6', readyWhen: 'Streaming Server is ready' },
  jetstream: { name: 'nats-server', version: '2.15.2', readyWhen: 'Server is ready' },
} as const;

/** The server's binary, from `.cache/bin` or the PATH, or `undefined` where there is none. */
export function findRealServer(kind: ServerKind = 'stan'): string | undefined {
  const { name, version } = binaries[kind];
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    // Not at a fixed height: the nemesis runs a compiled copy of this file from below `.cache`.
    const cached = join(folder, '.cache', 'bin', name);
    if (existsSync(cached)) return cached;
  }
  try {
    const said = execFileSync(name, ['--version'], { encoding: 'utf8', stdio: 'pipe' });
    // Texts, flags and fields are compared with this version's; another one would fail in confusing ways.
    return said.includes(version) ? name : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Starts a real server on loopback and waits until it serves. In a test it is closed when the test ends, and its log
 * is printed when the test fails; elsewhere the caller closes it.
 * @throws Error when there is no binary, or with the server's log when it does not come up
 */
export async function startRealServer(options: RealServerOptions = {}): Promise<RealServer> {
  const { kind = 'stan' } = options;
  const binary = findRealServer(kind);
  if (!binary) throw new Error(`no ${binaries[kind].name}: run \`npm run server:install\` (needs Go)`);
  const server = new RealServer(binary, options, options.port ?? (await freePort()), await freePort());
  cleanUpAfterTest(() => server.close());
  showWhenTestFails(() => server.describeLog());
  await server.start();
  return server;
}

const running = new Set<RealServer>();
process.on('exit', () => {
  for (const server of running) server.killNow();
});

/** One nats-streaming-server process after the other, on the same ports. */
export class RealServer {
  readonly clusterId: string;
  private readonly kind: ServerKind;
  private readonly binary: string;
  private readonly options: RealServerOptions;
  private readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-server-'));
  private database: ServerDatabase | undefined;
  private clientPort: number;
  private monitoringPort: number;
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private lines: string[] = [];
  private generation = 0;

  constructor(binary: string, options: RealServerOptions, port: number, monitoringPort: number) {
    this.kind = options.kind ?? 'stan';
    this.binary = binary;
    this.options = options;
    this.clientPort = port;
    this.monitoringPort = monitoringPort;
    // Its own: where runs stand side by side and one server is down, its clients must not find another's on the port.
    this.clusterId = options.clusterId ?? fresh('cluster');
  }

  get port(): number {
    return this.clientPort;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.clientPort}`;
  }

  /** Where `/streaming/…` is served. */
  get monitoringUrl(): string {
    return `http://127.0.0.1:${this.monitoringPort}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Every line the server has written, oldest first. */
  get log(): readonly string[] {
    return this.lines;
  }

  describeLog(lines = 60): string {
    return [
      `--- ${binaries[this.kind].name} on ${this.clientPort}, last lines`,
      ...this.lines.slice(-lines),
      '---',
    ].join('\n');
  }

  /** Starts the process. A port that was taken meanwhile is exchanged on the first start only: later ones must keep it. */
  async start(): Promise<void> {
    await this.makeDatabase();
    const isFirstStart = this.generation === 0 && this.options.port === undefined;
    for (let attempt = 1; ; attempt += 1) {
      this.spawn();
      const outcome = await this.cameUp();
      if (outcome === 'ready') return;
      await this.kill();
      if (outcome !== 'port in use' || attempt === 20)
        throw new Error(`the server did not start\n${this.describeLog()}`);
      if (isFirstStart) this.clientPort = await freePort();
      this.monitoringPort = await freePort();
    }
  }

  /**
   * Asks it to end (SIGTERM) and waits until it has. With `killAfterMs` it is killed where it takes longer, as whoever
   * runs it would; the answer is whether it ended by itself.
   */
  async stop({ killAfterMs }: { readonly killAfterMs?: number } = {}): Promise<boolean> {
    const child = this.child;
    const kill = killAfterMs === undefined ? undefined : setTimeout(() => child?.kill('SIGKILL'), killAfterMs);
    await this.signalAndWait('SIGTERM').finally(() => clearTimeout(kill));
    return child?.signalCode !== 'SIGKILL';
  }

  /** Ends it at once (SIGKILL) and waits until it is gone. */
  async kill(): Promise<void> {
    await this.signalAndWait('SIGKILL');
  }

  /**
   * Stops it in its tracks (SIGSTOP): its sockets stay open and nothing is answered. The signal is only on its way when
   * it is sent; until every thread has it, the server goes on answering.
   */
  async freeze(): Promise<void> {
    this.child?.kill('SIGSTOP');
    await eventually(() => this.standsStill(), { what: 'the server to stand still', intervalMs: 1 });
  }

  /** Lets a frozen server run on. */
  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Kills it where it still runs, drops its state if so wanted, and starts it again on the same port. */
  async restart({ state = 'kept' }: { state?: ServerState } = {}): Promise<void> {
    await this.kill();
    if (state === 'lost') await this.forget();
    await this.start();
  }

  /** Kills it and removes its files. Idempotent. */
  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    await this.database?.drop();
  }

  /** For the end of the process, where nothing can be awaited any more. */
  killNow(): void {
    this.child?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async makeDatabase(): Promise<void> {
    const url = sqlStoreUrl();
    const { store = 'file' } = this.options;
    if (url === undefined || this.kind !== 'stan' || store !== 'file') return;
    this.database ??= await ServerDatabase.create(url);
  }

  private async forget(): Promise<void> {
    rmSync(join(this.folder, 'store'), { recursive: true, force: true });
    await this.database?.clear();
  }

  private standsStill(): boolean {
    const threads = `/proc/${this.pid ?? 0}/task`;
    // Elsewhere than on Linux nobody tells.
    if (!existsSync(threads)) return true;
    return readdirSync(threads).every((thread) =>
      / T [^)]*$/.test(readFileSync(join(threads, thread, 'stat'), 'utf8')),
    );
  }

  private spawn(): void {
    this.generation += 1;
    const child = spawn(this.binary, this.flags(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.lines.push(`--- process ${this.generation}, pid ${child.pid ?? 0}`);
    this.child = child;
    running.add(this);
    const { takeLine } = this.options;
    collectLines(child, (line) => {
      if (!takeLine?.(line, this)) this.lines.push(line);
    });
    this.exited = new Promise((resolve) => {
      const gone = () => {
        if (this.child === child) {
          this.child = undefined;
          running.delete(this);
        }
        resolve();
      };
      child.once('exit', gone);
      child.once('error', gone);
    });
  }

  private flags(): string[] {
    if (this.kind === 'jetstream') return this.jetStreamFlags();
    const { store = 'file', heartbeat = {}, args = [] } = this.options;
    const flags = ['-a', '127.0.0.1', '-p', String(this.clientPort), '-m', String(this.monitoringPort)];
    flags.push('-cid', this.clusterId);
    if (this.database) flags.push(...this.database.flags);
    else if (store === 'file') flags.push('-st', 'FILE', '--dir', join(this.folder, 'store'));
    if (!args.includes('-mc')) flags.push('-mc', '0');
    if (heartbeat.interval) flags.push('-hbi', heartbeat.interval);
    if (heartbeat.timeout) flags.push('-hbt', heartbeat.timeout);
    if (heartbeat.failCount) flags.push('-hbf', String(heartbeat.failCount));
    return [...flags, ...args];
  }

  private jetStreamFlags(): string[] {
    const { args = [], withoutJetStream = false } = this.options;
    const ports = ['-a', '127.0.0.1', '-p', String(this.clientPort), '-m', String(this.monitoringPort)];
    if (withoutJetStream) return [...ports, ...args];
    return [...ports, '-js', '-sd', join(this.folder, 'store'), ...args];
  }

  private async cameUp(): Promise<'ready' | 'port in use' | 'failed'> {
    const from = this.lines.length - 1;
    const said = (text: string) => this.lines.slice(from).some((line) => line.includes(text));
    try {
      return await eventually(
        () => {
          if (said('address already in use')) return 'port in use';
          if (said(this.options.readyWhen ?? binaries[this.kind].readyWhen)) return 'ready';
          return this.isRunning() ? false : 'failed';
        },
        { what: 'the server to be ready', timeoutMs: 20_000, intervalMs: 5 },
      );
    } catch {
      return 'failed';
    }
  }

  private async signalAndWait(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.child?.kill('SIGCONT');
    this.child?.kill(signal);
    await this.exited;
  }
}

function collectLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    });
  }
}
