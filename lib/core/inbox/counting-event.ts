/** The event, the handler and the version that it is about. */
interface AboutVersion {
  readonly subject: string;
  readonly sequence: number;
  /** The handler's method. */
  readonly handler: string;
  readonly stream: string;
  readonly key: string;
  readonly version: number;
}

/**
 * An event came before its predecessor: it was kept in the event store and acked.
 * @publicApi
 */
export interface EventParkedEvent extends AboutVersion {
  readonly type: 'parked';
}

/**
 * A parked event left the event store: it was `counted` after its predecessor, or was `stale` by then.
 * @publicApi
 */
export interface EventUnparkedEvent extends AboutVersion {
  readonly type: 'unparked';
  readonly outcome: 'counted' | 'stale';
}

/**
 * Events wait for a version that does not come, for longer than `version.gapWarnMs`. Said again at 2, 4, 8 … times that age.
 * @publicApi
 */
export interface GapOpenEvent {
  readonly type: 'gapOpen';
  /** The service whose events wait. */
  readonly consumer: string;
  readonly stream: string;
  readonly key: string;
  /** The version that is missing. */
  readonly expected: number;
  /** Events that wait for it. */
  readonly parked: number;
  /** When the first of them was parked. */
  readonly since: Date;
}

/**
 * What happens to events that come early.
 * @publicApi
 */
export type CountingEvent = EventParkedEvent | EventUnparkedEvent | GapOpenEvent;
