import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { FlowEntry, ServiceName } from '../service/service-messages.js';
import { services } from '../service/service-messages.js';
import type { InstanceView } from './service-instance.js';
import { ServiceInstance } from './service-instance.js';

/** What the instances need to know of the world. */
export interface InstancesOptions {
  /** Instances of each service. */
  readonly count: number;
  readonly natsUrl: string;
  readonly clusterId: string;
  readonly monitoringUrl?: string | undefined;
  readonly databaseUrls: Readonly<Record<ServiceName, string>>;
  /** A free port for the instance of this name. */
  portFor(service: ServiceName, index: number): Promise<number>;
  /** @defaultValue where this file was compiled to */
  readonly programs?: string;
  /** @defaultValue 1500 */
  readonly restartDelayMs?: number;
  /** @defaultValue 12000, which is more than an instance takes to drain */
  readonly stopTimeoutMs?: number;
}

interface InstancesEvents {
  changed: [];
  flow: [entry: FlowEntry];
  said: [instance: string, line: string];
}

const defaults = {
  programs: join(import.meta.dirname, '..'),
  restartDelayMs: 1_500,
  stopTimeoutMs: 12_000,
} as const satisfies Partial<InstancesOptions>;

/** All instances of both services. */
export class Instances extends EventEmitter<InstancesEvents> {
  private readonly all: readonly ServiceInstance[];
  private turn = 0;

  private constructor(all: readonly ServiceInstance[]) {
    super();
    this.all = all;
    for (const instance of all) {
      instance.on('changed', () => this.emit('changed'));
      instance.on('flow', (entry) => this.emit('flow', entry));
      instance.on('said', (line) => this.emit('said', instance.name, line));
    }
  }

  /** Gives every instance a port and its surroundings; nothing runs before {@link start}. */
  static async prepare(given: InstancesOptions): Promise<Instances> {
    const options = { ...defaults, ...given };
    const all: ServiceInstance[] = [];
    for (const service of services) {
      for (let index = 1; index <= options.count; index += 1) {
        const name = `${service}-${index}`;
        const environment = {
          NATS_CLIENT_ID: name,
          NATS_URL: options.natsUrl,
          NATS_CLUSTER_ID: options.clusterId,
          ...(options.monitoringUrl && { NATS_MONITORING_URL: options.monitoringUrl }),
          DATABASE_URL: options.databaseUrls[service],
          HOST: '127.0.0.1',
          PORT: String(await options.portFor(service, index)),
        };
        all.push(new ServiceInstance({ ...options, name, service, environment }));
      }
    }
    return new Instances(all);
  }

  /**
   * Starts all; true when all of them run, false when they were stopped before that.
   * @throws Error when one of them dies again and again before it has run at all
   */
  async start(): Promise<boolean> {
    for (const instance of this.all) instance.start();
    return new Promise((resolve, reject) => {
      const look = () => {
        const views = this.views();
        const hopeless = views.find(({ state, restarts }) => state === 'dead' && restarts === 2);
        const stopped = views.some(({ state }) => state === 'stopped');
        if (!hopeless && !stopped && !views.every(({ state }) => state === 'running')) return;
        this.off('changed', look);
        if (hopeless) reject(new Error(`${hopeless.name} died three times while it was starting`));
        else resolve(!stopped);
      };
      this.on('changed', look);
      look();
    });
  }

  /** Stops all, each at its own pace. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((instance) => instance.stop()));
  }

  /** Kills all at once; they are not started again when {@link stop} has been called before. */
  kill(): void {
    for (const instance of this.all) instance.kill();
  }

  views(): InstanceView[] {
    return this.all.map((instance) => instance.view());
  }

  find(name: string): ServiceInstance | undefined {
    return this.all.find((instance) => instance.name === name);
  }

  /** URLs of the running instances of a service, another one first each time. */
  urlsOf(service: ServiceName): string[] {
    const urls = this.all.flatMap((instance) => (instance.service === service && instance.url ? [instance.url] : []));
    this.turn += 1;
    const first = urls.length === 0 ? 0 : this.turn % urls.length;
    return [...urls.slice(first), ...urls.slice(0, first)];
  }
}
