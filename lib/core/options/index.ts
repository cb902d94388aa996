export { assertSubscribable, type IntendedSubscription } from './assert-subscribable.js';
export { uniqueClientId } from './client-id.js';
export {
  versionModes,
  type InboxOptions,
  type ResolvedVersionOptions,
  type VersionMode,
  type VersionOptions,
} from './counting-options.js';
export type { StanDeserializer, StanSerializer } from './codec-options.js';
export type { HandleAbout, HandleOutcome, PublishAbout, StanTelemetry } from './telemetry-options.js';
export type { PublishReceipt } from './publish-receipt.js';
export type {
  ReconnectOptions,
  ResolvedConnectionOptions,
  ResolvedReconnectOptions,
  StanConnectionOptions,
} from './connection-options.js';
export type { StanDriverChoice } from './driver-choice.js';
export type { DriverOptionNames } from './driver-option-names.js';
export { durableQueue, type DurableQueueOptions } from './durable-queue.js';
export { placeOf } from './other-places.js';
export type { StanPublishContract } from './publish-contract.js';
export type { ResolvedPublishOptions, StanPublishOptions } from './publish-options.js';
export { resolveConnectionOptions } from './resolve-connection-options.js';
export { resolvePublishOptions } from './resolve-publish-options.js';
export { resolveClientOptions, resolveServerOptions } from './resolve-server-options.js';
export { resolveSubscriptionOptions } from './resolve-subscription-options.js';
export { isEventStore } from './server-options.js';
export type {
  ResolvedClientOptions,
  ResolvedServerOptions,
  StanClientOptions,
  StanDrainOptions,
  StanTelemetryOptions,
  StanServerOptions,
} from './server-options.js';
export type { StartAt } from './start-at.js';
export { assertSubject } from './subject.js';
export {
  ackModes,
  undecodablePolicies,
  type AckMode,
  type DeadLetterOptions,
  type LaneOf,
  type ResolvedRetryOptions,
  type ResolvedSubscriptionOptions,
  type RetryOptions,
  type StanSubscriptionOptions,
  type UndecodablePolicy,
} from './subscription-options.js';
