/**
 * A trace: what a handful of clients do, one step after another. Plain data, so that it prints, replays from its seed
 * and shrinks by leaving steps out; a step whose client or subscription does not exist (any more) does nothing.
 */
export type StartPoint =
  | { readonly at: 'new' | 'lastReceived' | 'first' }
  | { readonly at: 'sequence'; readonly sequence: number }
  /** Just before the n-th batch that was published to the channel with `spaced`. */
  | { readonly at: 'time'; readonly batch: number };

export interface SubscribeStep {
  readonly do: 'subscribe';
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly queueGroup?: string;
  readonly durableName?: string;
  readonly ackWaitSecs: number;
  readonly maxInFlight: number;
  readonly start: StartPoint;
}

export type Step =
  | { readonly do: 'connect'; readonly client: string }
  /** TCP is cut; the session stays at the server. */
  | { readonly do: 'cut'; readonly client: string }
  /** A new TCP connection of the same session. */
  | { readonly do: 'reattach'; readonly client: string }
  /** TCP is cut and the server given the time to notice that the client is dead. */
  | { readonly do: 'die'; readonly client: string }
  | { readonly do: 'closeSession'; readonly client: string }
  | { readonly do: 'ping'; readonly client: string; readonly connId: 'own' | 'unknown' }
  /** `spaced`: well apart in time from every publish before it, so that a time can name the gap. */
  | {
      readonly do: 'publish';
      readonly client: string;
      readonly channel: string;
      readonly count: number;
      /** All at once, or each after the ack of the one before. */
      readonly burst: boolean;
      readonly size: number;
      readonly spaced: boolean;
    }
  | SubscribeStep
  | {
      readonly do: 'ack';
      readonly sub: string;
      readonly which: 'oldest' | 'newest' | 'all' | 'middle';
      readonly count: number;
    }
  /** An ack for what is not pending: acked before, or never delivered. */
  | { readonly do: 'ackNothing'; readonly sub: string }
  | { readonly do: 'close'; readonly sub: string }
  | { readonly do: 'unsubscribe'; readonly sub: string }
  /** Until every unacked delivery of the subscriptions with a short ack wait has come again. */
  | { readonly do: 'awaitRedelivery' }
  /** The server ends in good order and comes back with its state. */
  | { readonly do: 'restart' };

/** The ways in which a server of the differential test is set up; each trace is made for one. */
export const profiles = ['plain', 'limits', 'heartbeats', 'restart'] as const;
export type Profile = (typeof profiles)[number];

export interface Trace {
  readonly seed: number;
  readonly profile: Profile;
  readonly steps: readonly Step[];
}

/** From here on an ack wait is never over within a trace. */
export const LONG_ACK_WAIT_SECS = 60;

/** True for the names a server takes as a channel. */
export function isLegalChannel(name: string): boolean {
  return /^[a-z]+$/.test(name);
}

/** One line per step, to print a trace. */
export function describeTrace(trace: Trace): string {
  const lines = trace.steps.map((step, index) => `${String(index).padStart(3)} ${describeStep(step)}`);
  return [`seed ${trace.seed}, profile ${trace.profile}`, ...lines].join('\n');
}

export function describeStep(step: Step): string {
  const { do: name, ...rest } = step;
  return `${name} ${JSON.stringify(rest).replaceAll('"', '')}`;
}
