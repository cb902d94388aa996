/**
 * One version of one entity, as one service sees it.
 * @publicApi
 */
export interface EntityVersion {
  /** The service: its queue group, else its durable name, else its client id. Each service counts for itself. */
  readonly consumer: string;
  /** What kind of entity it is; shared by all subjects that report on it. */
  readonly stream: string;
  readonly key: string;
  readonly version: number;
}

/**
 * An event that asks for its turn, with the rules of its handler.
 * @publicApi
 */
export interface VersionedEntity extends EntityVersion {
  /** The number of the first version of every entity of the stream. */
  readonly first: number;
  /** `'every'`: a version runs only after the one before it. `'latest'`: any version above the stored one runs. */
  readonly mode: 'every' | 'latest';
  /** `'first'`: an unknown key begins with `first`. `'any'`: it begins with whatever version comes first. */
  readonly unknownKey: 'first' | 'any';
}

/**
 * What an event is to the stored version of its entity. `next`: its turn, and the stored version is now its own, within
 * the transaction. `nextAndParked`: the same, and events that build on it may be parked. `stale`: it, or a later one, was
 * counted before. `early`: at least one version between the stored one and this is missing.
 * @publicApi
 */
export type Advance = 'next' | 'nextAndParked' | 'stale' | 'early';

/**
 * An early event that is kept in the store, and acked, until its predecessor has been counted.
 * @publicApi
 */
export interface ParkedEvent extends EntityVersion {
  /** The handler's method. */
  readonly handler: string;
  /** The subject the event was published on, its sequence there, and when the server stored it. */
  readonly subject: string;
  readonly sequence: number;
  /** Unit: nanoseconds since 1970, as a double. */
  readonly timestampNs: number;
  /** The event's headers in their text form; empty for none. */
  readonly headerText: string;
  readonly payload: Buffer;
  /** Unit: milliseconds since 1970. */
  readonly parkedAtMs: number;
  /** Runs of its handler that failed since it was parked. */
  readonly attempts: number;
  /** Not to be run before. Unit: milliseconds since 1970. */
  readonly notBeforeMs: number;
  /** What the last run failed with. */
  readonly lastError: string | undefined;
}

/**
 * A parked event whose handler has failed.
 * @publicApi
 */
export interface ParkedFailure {
  readonly notBeforeMs: number;
  readonly lastError: string;
}

/**
 * Parked events of one entity that wait for a version which has not been counted.
 * @publicApi
 */
export interface ParkedGap {
  readonly consumer: string;
  readonly stream: string;
  readonly key: string;
  /** The version that is missing. */
  readonly expected: number;
  /** Events that are parked behind it. */
  readonly parked: number;
  /** When the first of them was parked. Unit: milliseconds since 1970. */
  readonly sinceMs: number;
}

/**
 * The parked events of one kind of entity.
 * @publicApi
 */
export interface ParkedStream {
  readonly stream: string;
  /** Unit: events. */
  readonly parked: number;
  /** When the first of them was parked. Unit: milliseconds since 1970. */
  readonly sinceMs: number;
}

/**
 * Which parked events to list.
 * @publicApi
 */
export interface ParkedQuery {
  readonly stream?: string | undefined;
  readonly key?: string | undefined;
  /** The most that are returned, in order of stream, key and version. */
  readonly limit: number;
}

/**
 * Where it is recorded which events have counted, in the very transaction that their handlers write in. The class is also
 * the injection token. `PostgresEventStore` is in `nestjs-stan/postgres`; `eventStoreContract()` of `nestjs-stan/testing`
 * examines a store of your own.
 * @publicApi
 */
export abstract class StanEventStore<Tx = unknown> {
  /** How long the ids of handled events are kept. Unit: milliseconds. */
  readonly retentionMs: number = 30 * 24 * 3_600_000;
  /** How often each process looks for parked events that are due. Unit: milliseconds. */
  readonly sweepMs: number = 1_000;

  /** Called once before the server subscribes: make or check the tables here. Idempotent. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Runs `work` in one READ COMMITTED transaction: all of it is stored, or, when it rejects, nothing.
   * Rejects with what `work` has rejected with, and whenever the transaction was not committed: also where a statement in it
   * failed and `work` resolved all the same.
   */
  abstract transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;

  /** Records the id of an event; false where this consumer has recorded it before. Waits for another transaction that does. */
  abstract recordInbox(tx: Tx, consumer: string, messageId: string, now: number): Promise<boolean>;

  /** Takes an event's turn, by one conditional write. Of several transactions with one version exactly one gets `next`. */
  abstract advance(tx: Tx, entity: VersionedEntity): Promise<Advance>;

  /**
   * Keeps an early event; true as well where it is kept already. False where it is early no longer, looked at under the lock
   * which its predecessor's `advance` takes; also where another transaction has that lock: do not wait for it, since who waits
   * holds a connection that this transaction may need. The event looks again after a while.
   */
  abstract park(tx: Tx, parked: ParkedEvent, first: number): Promise<boolean>;

  /** Takes a parked event out; undefined where there is none, or another transaction has it. */
  abstract takeParked(tx: Tx, entity: EntityVersion): Promise<ParkedEvent | undefined>;

  /** Parked events whose predecessor has been counted and whose time has come. */
  abstract dueParked(consumers: readonly string[], now: number, limit: number): Promise<EntityVersion[]>;

  /** Counts a failed run of a parked event. */
  abstract failParked(tx: Tx, entity: EntityVersion, failure: ParkedFailure): Promise<void>;

  /** Lists parked events of one consumer, without taking them. */
  abstract listParked(consumer: string, query: ParkedQuery): Promise<ParkedEvent[]>;

  /** Gaps whose first parked event was parked before `parkedBefore`. */
  abstract gaps(consumers: readonly string[], parkedBefore: number): Promise<ParkedGap[]>;

  /** Counts parked events by stream; streams without one are left out. */
  abstract parkedByStream(consumers: readonly string[]): Promise<ParkedStream[]>;

  /** Gives versions up: raises the stored version to `entity.version` where it is lower, and removes what is parked up to it. */
  abstract skip(tx: Tx, entity: EntityVersion): Promise<void>;

  /** Makes the parked events of an entity due at once; returns how many there are. */
  abstract retryParked(tx: Tx, entity: Omit<EntityVersion, 'version'>): Promise<number>;

  /** Forgets ids of events that were handled before `handledBefore`; returns how many. */
  abstract prune(handledBefore: number): Promise<number>;

  /** True for a failure that only means "run the transaction again": a serialization failure or a deadlock. */
  isConflict(_error: unknown): boolean {
    return false;
  }
}
