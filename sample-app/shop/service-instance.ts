import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type {
  Faults,
  FlowEntry,
  MessageFromService,
  MessageToService,
  ServiceName,
} from '../service/service-messages.js';
import { noFaults } from '../service/service-messages.js';

/** Where an instance stands. */
export type InstanceState = 'starting' | 'running' | 'dead' | 'stopped';

/** What the page shows of an instance. */
export interface InstanceView {
  readonly name: string;
  readonly service: ServiceName;
  readonly state: InstanceState;
  readonly pid: number | undefined;
  readonly url: string | undefined;
  /** How often it has been started again. */
  readonly restarts: number;
  readonly faults: Faults;
}

interface InstanceEvents {
  changed: [];
  flow: [entry: FlowEntry];
  said: [line: string];
}

/** What an instance is started with. */
export interface InstanceOptions {
  readonly name: string;
  readonly service: ServiceName;
  readonly environment: Readonly<Record<string, string>>;
  /** Folder that holds `tickets/main.js` and `orders/main.js`. */
  readonly programs: string;
  /** Pause before a dead one is started again. Unit: milliseconds. */
  readonly restartDelayMs: number;
  /** How long a stop may take before the process is killed. Unit: milliseconds. */
  readonly stopTimeoutMs: number;
}

/** One instance of a service, a process of its own that is started again whenever it dies. */
export class ServiceInstance extends EventEmitter<InstanceEvents> {
  private readonly options: InstanceOptions;
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private state: InstanceState = 'stopped';
  private announcedUrl: string | undefined;
  private restarts = 0;
  private faults = noFaults;
  private restartTimer: NodeJS.Timeout | undefined;

  constructor(options: InstanceOptions) {
    super();
    this.options = options;
  }

  get name(): string {
    return this.options.name;
  }

  get service(): ServiceName {
    return this.options.service;
  }

  /** Where it serves HTTP; undefined while it does not. */
  get url(): string | undefined {
    return this.state === 'running' ? this.announcedUrl : undefined;
  }

  view(): InstanceView {
    const { name, service } = this.options;
    const faults = this.faults;
    return {
      name,
      service,
      state: this.state,
      pid: this.child?.pid,
      url: this.url,
      restarts: this.restarts,
      faults,
    };
  }

  start(): void {
    const { programs, service, environment } = this.options;
    // A process group of its own: Ctrl-C must reach the supervisor alone, which then stops things in the right order.
    const child = fork(join(programs, service, 'main.js'), [], {
      env: { ...process.env, ...environment },
      execArgv: [],
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    this.faults = noFaults;
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    child.on('message', (message: MessageFromService) => this.receive(message));
    child.once('exit', () => this.died());
    child.once('error', (error) => this.emit('said', error.message));
    for (const stream of [child.stdout, child.stderr]) this.listenTo(stream);
    this.become('starting');
  }

  /** Ends the process at once, as a machine that loses power does. It is started again after a while. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }

  setFaults(faults: Partial<Faults>): void {
    this.tell({ type: 'faults', faults });
  }

  /** Lets it finish what it is doing, then ends it; kills it when that takes too long. */
  async stop(): Promise<void> {
    clearTimeout(this.restartTimer);
    this.become('stopped');
    this.tell({ type: 'stop' });
    const impatience = setTimeout(() => this.kill(), this.options.stopTimeoutMs);
    await this.exited;
    clearTimeout(impatience);
  }

  private tell(message: MessageToService): void {
    if (this.child?.connected) this.child.send(message, () => undefined);
  }

  private receive(message: MessageFromService): void {
    switch (message.type) {
      case 'ready':
        this.announcedUrl = message.url;
        if (this.state === 'starting') this.become('running');
        break;
      case 'faults':
        this.faults = message.faults;
        this.emit('changed');
        break;
      case 'flow':
        this.emit('flow', message.entry);
        break;
    }
  }

  private died(): void {
    this.child = undefined;
    if (this.state === 'stopped') return;
    this.become('dead');
    this.restartTimer = setTimeout(() => {
      this.restarts += 1;
      this.start();
    }, this.options.restartDelayMs);
  }

  private become(state: InstanceState): void {
    this.state = state;
    this.emit('changed');
  }

  private listenTo(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') this.emit('said', line);
    });
  }
}
