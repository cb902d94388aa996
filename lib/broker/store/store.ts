/**
 * What the broker keeps, and the contract of everything that keeps it.
 *
 * The broker is one thread and enforces every limit itself: a store only remembers. Writes are synchronous calls that a
 * store may buffer; {@link Store.flush} is the one point at which the broker waits for them. Reads always see every
 * earlier write, flushed or not. The broker acknowledges a publish, a connect, a subscribe, a close or an unsubscribe
 * only after the flush that followed its writes.
 *
 * Of the writes only {@link MessageLog.append} may throw; any other that fails makes the next flush reject.
 *
 * Sequences are JS numbers (exact up to 2^53). Times are nanoseconds since 1970 as bigint.
 */

/** Who the store belongs to: a server with another cluster id refuses to start on it. @publicApi */
export interface ServerRecord {
  readonly clusterId: string;
}

/** One registered client id. @publicApi */
export interface ClientRecord {
  readonly clientId: string;
  readonly heartbeatInbox: string;
  /** Empty for a client of protocol 0. */
  readonly connectionId: Uint8Array;
  readonly protocol: number;
  readonly pingIntervalSecs: number;
  readonly pingMaxOut: number;
}

/** One subscription, as the server must know it after a restart. @publicApi */
export interface SubscriptionRecord {
  /** Given by the broker, unique within the channel, never given twice while the channel lives. */
  readonly id: number;
  /** Empty for a durable that is offline. */
  readonly clientId: string;
  /** `group`, or `durable:group` for a durable queue group; empty for none. */
  readonly queueGroup: string;
  readonly inbox: string;
  readonly ackInbox: string;
  readonly maxInFlight: number;
  readonly ackWaitSecs: number;
  /** Empty for none. */
  readonly durableName: string;
  /** Highest sequence handed to this subscription at the time of the record; see {@link SubscriptionTable.addPending}. */
  readonly lastSent: number;
  readonly isDurable: boolean;
  /** True for a durable that was closed, not unsubscribed. */
  readonly isClosed: boolean;
}

/** A subscription found again: `record.lastSent` already covers every pending sequence and every acked one. @publicApi */
export interface RecoveredSubscription {
  readonly record: SubscriptionRecord;
  /** Sequences sent and not acked, ascending. */
  readonly pending: readonly number[];
}

/** A channel found again. @publicApi */
export interface RecoveredChannel {
  readonly store: ChannelStore;
  readonly subscriptions: readonly RecoveredSubscription[];
}

/** All that a store found when it was opened. @publicApi */
export interface RecoveredState {
  readonly server: ServerRecord;
  readonly clients: readonly ClientRecord[];
  readonly channels: readonly RecoveredChannel[];
}

/**
 * The messages of one channel: a run of sequences without gaps, appended at the end and removed at the front.
 * @publicApi
 */
export interface MessageLog {
  /**
   * Sequence of the oldest message. 0 when nothing was ever stored; `lastSequence + 1` when all have been removed.
   */
  readonly firstSequence: number;
  /** Sequence of the newest message ever stored; never goes back, not even when the log is empty or the store was reopened. */
  readonly lastSequence: number;
  /** Messages held. */
  readonly count: number;
  /** Sum of the `encoded` lengths of the messages held. */
  readonly bytes: number;

  /**
   * Adds a message behind the last one. `sequence` is always `lastSequence + 1` and `timestampNs` never below that of
   * the message before (the broker sees to both). `encoded` is a complete STAN `MsgProto`; it is valid during the call
   * only, so a store copies what it keeps. A throw means: not stored, and the log is as it was before.
   */
  append(sequence: number, timestampNs: bigint, encoded: Uint8Array): void;

  /**
   * The bytes given to `append`, or undefined when that sequence is not held. Callers only read them, and may keep them:
   * they never change afterwards, whatever happens to the log.
   */
  get(sequence: number): Uint8Array | undefined;

  /** The time given to `append`, or undefined when that sequence is not held. */
  timestampOf(sequence: number): bigint | undefined;

  /** Removes every message up to and including `sequence`. A sequence below `firstSequence` is a no-op. */
  removeThrough(sequence: number): void;
}

/**
 * The subscriptions of one channel. Ids that are not (or no longer) there are ignored by every method but `create`.
 * @publicApi
 */
export interface SubscriptionTable {
  create(record: SubscriptionRecord): void;
  update(record: SubscriptionRecord): void;
  delete(id: number): void;
  /**
   * `sequence` was sent to the subscription and waits for its ack. Raises the `lastSent` that will be recovered to
   * `sequence` where it is lower. Adding a sequence twice is the same as adding it once.
   */
  addPending(id: number, sequence: number): void;
  /** The subscription acked `sequence`. Also raises the recovered `lastSent`, in case the sending itself was not recorded. */
  ackPending(id: number, sequence: number): void;
}

/** What one channel keeps. @publicApi */
export interface ChannelStore {
  readonly name: string;
  readonly messages: MessageLog;
  readonly subscriptions: SubscriptionTable;
}

/**
 * Where a broker keeps its state.
 *
 * Life: `open` – any number of writes, reads and flushes – `close`. A closed store may be opened again and then returns
 * what it kept: that is what a restart of the broker with its state does. A store serves one broker at a time.
 * @publicApi
 */
export interface Store {
  /** As the monitoring endpoints report it: `MEMORY` or `FILE`. */
  readonly type: string;

  /**
   * Opens the store and returns what it holds, or undefined when it holds nothing yet.
   * @throws StoreCorruptError (STAN_BROKER_STORE_CORRUPT) when what is there cannot be trusted: it is never served.
   */
  open(): Promise<RecoveredState | undefined>;

  /** Remembers whose state this is. Called once, at the first start, before any other write. */
  saveServer(record: ServerRecord): void;

  /** Adds an empty channel. The broker never asks for a name that exists. */
  createChannel(name: string): ChannelStore;
  /** Removes a channel with all it keeps. Its `ChannelStore` is not used afterwards; the name may be created again. */
  deleteChannel(name: string): void;

  /** Adds a client or replaces the record with the same client id. */
  putClient(record: ClientRecord): void;
  deleteClient(clientId: string): void;

  /**
   * Makes every write before this call survive the end of the process. Returns undefined when there is nothing to wait
   * for (memory), else a promise. Calls may overlap; each promise settles for the writes before its own call.
   * A rejection means that those writes may be lost: the broker reports an error to each client that waits for them and
   * treats the store as failed from then on.
   */
  flush(): Promise<void> | undefined;

  /** Flushes and releases everything (files, locks). Idempotent. */
  close(): Promise<void>;

  /** Forgets everything. Called on a closed store only: a restart of the broker without its state. */
  clear(): Promise<void>;
}
