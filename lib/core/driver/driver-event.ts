import type { StanError } from '../errors/stan.error.js';

/**
 * The states of a connection, in the words of Nest's `status` observable.
 * `connecting`: the first session is being opened. `connected`: a session is up. `reconnecting`: the transport or the
 * session was lost and is being made again. `disconnected`: given up; nothing more is tried. `closed`: closed by us.
 * @publicApi
 */
export type StanStatus = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'closed';

/**
 * Everything that can happen to a driver's connection. Events are emitted in the order in which things happen; `status`
 * follows the event that explains it.
 * @internal
 */
export type DriverEvent =
  | { readonly type: 'status'; readonly status: StanStatus }
  /** One attempt to open a session failed; the next comes after `retryInMs`. */
  | {
      readonly type: 'connectAttemptFailed';
      readonly attempt: number;
      readonly retryInMs: number;
      readonly error: StanError;
    }
  /** The transport was lost; the session may survive it. */
  | { readonly type: 'transportLost' }
  /** The transport is back in the same session. What was on its way when it was lost may not have arrived. */
  | { readonly type: 'transportRestored' }
  /** The transport stands and the session may live, but the server does not answer pings: `isReady()` is false. */
  | { readonly type: 'serverSilent' }
  /**
   * The server answers again after at least one ping without an answer, in the same session; another process may have
   * taken over. What was on its way meanwhile may not have arrived.
   */
  | { readonly type: 'serverAnswered'; readonly silentMs: number }
  /** The session is dead for good; every open publish attempt has been reported. */
  | { readonly type: 'sessionLost'; readonly error: StanError }
  /**
   * A new session is up: publishing works, and the subscriptions are being made again; the status `connected` follows
   * when they all are. `serverChanged`: another server process may have answered than in the session before: it may
   * have started over, without the state of the old one.
   */
  | {
      readonly type: 'sessionRestored';
      readonly downMs: number;
      readonly attempts: number;
      readonly serverChanged: boolean;
    }
  /** A subscription could not be made (again) yet; it is tried again after `retryInMs`. */
  | {
      readonly type: 'subscribeAttemptFailed';
      readonly subject: string;
      readonly attempt: number;
      readonly retryInMs: number;
      readonly error: StanError;
    }
  /** No further session will be tried: given up, replaced by a live client, or refused for good. */
  | { readonly type: 'gaveUp'; readonly error: StanError }
  /** Something failed that changes nothing by itself (e.g. a close request that got no answer). */
  | { readonly type: 'warning'; readonly error: StanError };

/** @internal */
export type DriverEventListener = (event: DriverEvent) => void;
