import type { DemoEvent } from '../books.js';
import type { Way } from '../demo.js';

/** How the listener in the process listens. */
export interface ListenerSettings {
  readonly way: Way;
  readonly url: string;
  readonly clusterId: string;
  readonly channel: string;
  readonly ackWaitMs: number;
  /** A naive listener makes up a new one with every start. */
  readonly clientId: string;
}

/** What the process tells the demo. */
export type MessageFromListener =
  | { readonly type: 'ready'; readonly clientId: string }
  /** An event has arrived and its work is done: write it down. */
  | { readonly type: 'handled'; readonly event: DemoEvent };
