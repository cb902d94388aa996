import type { ConnectOptions } from './connect-options.js';

/** Messages and their bytes, from and to clients. @internal */
export interface Traffic {
  inMessages: number;
  inBytes: number;
  outMessages: number;
  outBytes: number;
}

/** @internal */
export function noTraffic(): Traffic {
  return { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 };
}

/** @internal */
export function addTraffic(sum: Traffic, traffic: Readonly<Traffic>): void {
  sum.inMessages += traffic.inMessages;
  sum.inBytes += traffic.inBytes;
  sum.outMessages += traffic.outMessages;
  sum.outBytes += traffic.outBytes;
}

/** What can be told of a subscription of a client. @internal */
export interface SubscriptionFacts {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly sid: string;
  readonly delivered: number;
  /** 0 where there is no maximum. */
  readonly maxMessages: number;
}

/** What can be told of a connection. @internal */
export interface ConnectionFacts {
  readonly id: number;
  readonly address: string;
  readonly port: number;
  readonly startedMs: number;
  readonly lastActiveMs: number;
  readonly pendingBytes: number;
  readonly traffic: Readonly<Traffic>;
  readonly options: ConnectOptions;
  readonly subscriptions: readonly SubscriptionFacts[];
  readonly tls: { readonly protocol: string | null; readonly cipher: string } | undefined;
}

/** What can be told of the subscriptions of a server, its own among them. @internal */
export interface SubjectFacts {
  readonly subscriptions: number;
  readonly inserts: number;
  readonly removes: number;
  readonly matches: number;
  readonly hits: number;
  /** How many subscriptions each remembered subject reaches. */
  readonly fanouts: readonly number[];
}
