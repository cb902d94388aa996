/** The services of the shop. */
export const services = ['tickets', 'orders'] as const;

/** Name of one of them. */
export type ServiceName = (typeof services)[number];

/**
 * What became of one event at one instance. `counted`: its handler ran, once. `parked`: it came before its predecessor,
 * and is kept in the database until that has counted. `stale`: it had counted before.
 */
export type FlowOutcome = 'published' | 'counted' | 'parked' | 'stale' | 'failed';

/** One line of the live flow: an instance published an event, or one was delivered to it. */
export interface FlowEntry {
  readonly instance: string;
  readonly subject: string;
  readonly outcome: FlowOutcome;
  /** The ticket that the event is about, see `countedAs()`. */
  readonly id: string;
  readonly version: number;
  /** The server's number of the message; a published event has none, since the server does not tell it. */
  readonly sequence?: number;
  /** How often it had been delivered before. */
  readonly redeliveries?: number;
  /** The trace that it belongs to. */
  readonly traceId?: string;
  /** Why it was not handled. */
  readonly reason?: string;
  /** Unix time in milliseconds. */
  readonly at: number;
}

/** What goes wrong on purpose in one instance. */
export interface Faults {
  /** Every event waits this long before it is handled. Unit: milliseconds; 0 is off. */
  readonly slowMs: number;
  /** So many of the next events fail in the handler. */
  readonly failNext: number;
  /** The relay publishes every event twice, as after a crash between publishing it and forgetting it. */
  readonly twice: boolean;
}

/** Nothing goes wrong. */
export const noFaults: Faults = { slowMs: 0, failNext: 0, twice: false };

/** What an instance tells the process that started it. */
export type MessageFromService =
  | { readonly type: 'ready'; readonly url: string }
  | { readonly type: 'flow'; readonly entry: FlowEntry }
  | { readonly type: 'faults'; readonly faults: Faults };

/** What an instance is told. */
export type MessageToService =
  { readonly type: 'faults'; readonly faults: Partial<Faults> } | { readonly type: 'stop' };
