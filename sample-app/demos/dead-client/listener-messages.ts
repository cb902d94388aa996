import type { DemoEvent } from '../books.js';

/** How the listener in the process listens. */
export interface ListenerSettings {
  readonly style: 'naive' | 'guarded';
  readonly url: string;
  readonly clusterId: string;
  readonly channel: string;
  readonly ackWaitMs: number;
  /** Of a guarded listener; a naive one makes up a new one with every start. */
  readonly clientId: string;
}

/** What the process tells the demo. */
export type MessageFromListener =
  | { readonly type: 'ready'; readonly clientId: string }
  /** An event has arrived and its work is done: write it down. */
  | { readonly type: 'handled'; readonly event: DemoEvent };
