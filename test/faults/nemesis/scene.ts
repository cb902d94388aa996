import type { StanDriverChoice } from '../../../lib/index.js';
import { jetstream } from '../../../lib/jetstream/index.js';
import type { Consumer } from './history.js';

/** What a child process is told, as JSON in its first argument. */
export interface ChildScene {
  readonly url: string;
  readonly clusterId: string;
  readonly broker: BrokerName;
  /** On how many servers JetStream keeps the stream. */
  readonly replicas: 1 | 3;
  readonly subject: string;
  readonly historyFile: string;
  readonly process: Consumer | 'publisher';
  readonly incarnation: number;
  readonly seed: number;
}

export const brokerNames = ['stan', 'jetstream'] as const;
export type BrokerName = (typeof brokerNames)[number];

/** What a child passes as its option `driver`. */
export function driverOf({ broker, replicas }: ChildScene): StanDriverChoice | undefined {
  return broker === 'jetstream' ? jetstream({ stream: { replicas } }) : undefined;
}

/** Short enough that a run sees many sessions die, long enough that a loaded machine is not a fault. */
export const sessionOptions = {
  connectTimeoutMs: 1_500,
  pingIntervalMs: 1_000,
  maxPingsOut: 3,
  reconnect: { initialDelayMs: 50, maxDelayMs: 1_000 },
} as const;

export const ackWaitMs = 5_000;
export const publishTimeoutMs = 6_000;

/** Reads the scene of a child process. */
export function readScene(): ChildScene {
  return JSON.parse(process.argv[2] ?? '{}') as ChildScene;
}

/** Calls `onLine` for each line on stdin; does not keep the process alive. */
export function onCommand(onLine: (line: string) => void): void {
  process.stdin.setEncoding('utf8').on('data', (text: string) => text.split('\n').filter(Boolean).forEach(onLine));
  process.stdin.unref();
}

/** Tells the parent that something has come true. */
export function tell(what: string): void {
  process.stdout.write(`@${what}\n`);
}
