/* The entry point of nestjs-stan: explicit named exports, nothing else. */

// The transport that listens
export { ServerStan } from './nest/server/server-stan.js';
export { StanContext } from './nest/context/stan.context.js';
export { StanEventPattern } from './nest/decorators/stan-event-pattern.decorator.js';
export { StanTransaction } from './nest/decorators/stan-transaction.decorator.js';
export { StanParked } from './nest/server/stan-parked.js';
export type { StanParkedQuery } from './nest/server/stan-parked.js';
export { STAN_TRANSPORT } from './nest/stan-transport.js';
export { NonRetriableException } from './nest/exceptions/non-retriable.exception.js';
export { RetryLaterException } from './nest/exceptions/retry-later.exception.js';
export { StanHealthIndicator } from './nest/health/stan-health.indicator.js';
export type { StanHealthOptions, StanHealthResult, StanHealthSource } from './nest/health/stan-health.indicator.js';
export type {
  HealthLag,
  HealthLagOptions,
  HealthLagSource,
  HealthSubscription,
  LagHealth,
} from './nest/health/lag-health.js';
export type { HandlerLoad } from './nest/server/server-connection.js';

// The client that publishes
export { ClientStan, StanRecord, StanRecordBuilder } from './nest/client/index.js';
export type { PublishErrorEvent, StanClientEvents } from './nest/client/index.js';
export { InjectStanClient, StanModule, getStanClientToken } from './nest/module/index.js';
export type {
  StanModuleAsyncOptions,
  StanModuleExtras,
  StanModuleOptions,
  StanOptionsFactory,
} from './nest/module/index.js';
export { outboxEnvelope } from './core/wire/index.js';
export type { StanEmitOptions, StanHeaders } from './core/wire/index.js';
export type { PublishReceipt } from './core/publishing/index.js';

// Contracts
export { declareEvents, DeclaredEvents, defineEvents, EventContract } from './nest/contracts/index.js';
export type {
  EmittedBy,
  EventHandlerDecorator,
  EventMapOf,
  HandledBy,
  PayloadOf,
  SubjectOf,
} from './nest/contracts/index.js';
export { firstVersion, payload, TypeOnlyPayload, VersionedPayload } from './core/contracts/index.js';
export type {
  ContractOptions,
  InputOf,
  OutputOf,
  PayloadClass,
  PayloadSchema,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from './core/contracts/index.js';

// Options
export { durableQueue, uniqueClientId, ackModes, undecodablePolicies, versionModes } from './core/options/index.js';
export type {
  AckMode,
  DeadLetterOptions,
  DurableQueueOptions,
  InboxOptions,
  LaneOf,
  ReconnectOptions,
  RetryOptions,
  StanClientOptions,
  StanConnectionOptions,
  StanDeserializer,
  StanDrainOptions,
  StanDriverChoice,
  StanTelemetryOptions,
  StanPublishContract,
  StanPublishOptions,
  StanSerializer,
  StanServerOptions,
  StanSubscriptionOptions,
  StartAt,
  UndecodablePolicy,
  VersionMode,
  VersionOptions,
} from './core/options/index.js';

// Events and status
export type { StanStatus } from './core/driver/driver-event.js';
export type { StanConnectionEvent, StanServerEvents } from './nest/events/stan-events.js';
export type {
  AckWaitNearEvent,
  AfterFailure,
  CountedVersion,
  DeadLetterFailedEvent,
  DeadLetteredEvent,
  DeliveryEvent,
  DeliverySkippedEvent,
  HandledEvent,
  HandlerErrorEvent,
  UndecodableEvent,
} from './core/delivery/delivery-event.js';

// Diagnostics channels and tracing
export { stanChannels } from './core/observe/index.js';
export type { ObservedConnection, ObservedDelivery, PublishSettledEvent } from './core/observe/index.js';
export type { HandleAbout, HandleOutcome, PublishAbout, StanTelemetry } from './core/options/index.js';

// Every event counts once: the store port, and what happens to early events
export { StanEventStore } from './core/event-store/event-store.js';
export type {
  Advance,
  EntityVersion,
  ParkedEvent,
  ParkedFailure,
  ParkedGap,
  ParkedStream,
  ParkedQuery,
  VersionedEntity,
} from './core/event-store/event-store.js';
export type { CountingEvent, EventParkedEvent, EventUnparkedEvent, GapOpenEvent } from './core/inbox/counting-event.js';

// The server's monitoring endpoints
export { StanLag, StanMonitoring } from './monitoring/index.js';
export type {
  ChannelLimits,
  Channelsz,
  Channelz,
  Clientsz,
  Clientz,
  LagOf,
  Page,
  PageQuery,
  RowQuery,
  Serverz,
  StanLagOptions,
  StanMonitoringOptions,
  Storez,
  SubscriptionLag,
  Subscriptionz,
} from './monitoring/index.js';

// Dead letters
export { decodePayload, parseDeadLetter } from './core/dead-letters/dead-letter.js';
export type { DeadLetter } from './core/dead-letters/dead-letter.js';
export { replaySubject } from './core/dead-letters/replay.js';

// Errors
export {
  ClientReplacedError,
  CloseTimeoutError,
  ConnectFailedError,
  ConnectTimeoutError,
  DeadLetterFailedError,
  DrainTimeoutError,
  DuplicateClientIdError,
  EventStoreError,
  HandlerConflictError,
  IncompatibleDependencyError,
  InvalidHeadersError,
  InvalidOptionError,
  InvalidPayloadError,
  InvalidSubjectError,
  NewerEventVersionError,
  SubjectNotInContractError,
  MalformedMessageError,
  MessagePatternUnsupportedError,
  MissingEventIdError,
  MonitoringError,
  NoTransactionError,
  NotConnectedError,
  PayloadTooLargeError,
  PublishBufferFullError,
  PublishRefusedError,
  PublishTimeoutError,
  SerializationFailedError,
  SessionLostError,
  StanClosedError,
  StanError,
  StoreSchemaError,
  SubscribeFailedError,
  SubscribeTimeoutError,
  UndecodablePayloadError,
  UnusableKeyError,
} from './core/errors/index.js';
export type {
  ConnectFailedDetails,
  ConnectTimeoutDetails,
  HandlerConflictFacts,
  IncompatibleDependencyFacts,
  InvalidOptionDetails,
  InvalidPayloadDetails,
  MonitoringErrorDetails,
  PayloadIssue,
  PublishFailureDetails,
  PublishTimeoutFacts,
  StanErrorCode,
} from './core/errors/index.js';
