/**
 * Where a subscription starts when the server has no position for it yet. Exactly one.
 * @publicApi
 */
export type StartAt =
  | 'new'
  | 'lastReceived'
  | 'first'
  | { readonly sequence: number }
  | { readonly time: Date }
  | { readonly agoMs: number };

/** @publicApi */
export const ackModes = ['afterHandler', 'manual', 'onDelivery'] as const;
/** @publicApi */
export type AckMode = (typeof ackModes)[number];

/** @publicApi */
export const undecodablePolicies = ['deadLetter', 'leave', 'ack'] as const;
/** @publicApi */
export type UndecodablePolicy = (typeof undecodablePolicies)[number];

/** @publicApi */
export interface RetryOptions {
  readonly attempts?: number;
  readonly delayMs?: number;
  readonly factor?: number;
  readonly maxDelayMs?: number;
  readonly jitter?: number;
  readonly retryOn?: (error: unknown) => boolean;
}

/** @publicApi */
export interface DeadLetterOptions {
  readonly subject: string;
}

/** @publicApi */
export interface StanSubscriptionOptions {
  readonly queueGroup?: string | false;
  readonly durableName?: string | false;
  readonly startAt?: StartAt;
  readonly ackMode?: AckMode;
  readonly ackWaitMs?: number;
  readonly maxInFlight?: number;
  readonly concurrency?: number;
  readonly retry?: RetryOptions | false;
  readonly maxDeliveries?: number | false;
  readonly deadLetter?: DeadLetterOptions | false;
  readonly onUndecodable?: UndecodablePolicy;
}

/** @internal */
export interface ResolvedRetryOptions {
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  readonly jitter: number;
  readonly retryOn: (error: unknown) => boolean;
}

/** @internal */
export interface ResolvedSubscriptionOptions {
  readonly queueGroup: string | undefined;
  readonly durableName: string | undefined;
  readonly startAt: StartAt;
  readonly ackMode: AckMode;
  readonly ackWaitMs: number;
  readonly maxInFlight: number;
  readonly concurrency: number;
  readonly retry: ResolvedRetryOptions | undefined;
  readonly maxDeliveries: number | undefined;
  readonly deadLetter: DeadLetterOptions | undefined;
  readonly onUndecodable: UndecodablePolicy;
}
