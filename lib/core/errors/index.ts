export { AsyncApiError } from './async-api.error.js';
export { BrokerStartFailedError } from './broker-start-failed.error.js';
export { BrokerStoreCorruptError } from './broker-store-corrupt.error.js';
export { ClientReplacedError } from './client-replaced.error.js';
export { CloseTimeoutError } from './close-timeout.error.js';
export { ConnectFailedError, type ConnectFailedDetails } from './connect-failed.error.js';
export { ConnectTimeoutError } from './connect-timeout.error.js';
export { DeadLetterFailedError } from './dead-letter-failed.error.js';
export { DrainTimeoutError } from './drain-timeout.error.js';
export { DuplicateClientIdError } from './duplicate-client-id.error.js';
export { EventStoreError } from './event-store.error.js';
export { HandlerConflictError, type HandlerConflictFacts } from './handler-conflict.error.js';
export { InvalidHeadersError } from './invalid-headers.error.js';
export { InvalidOptionError, type InvalidOptionDetails } from './invalid-option.error.js';
export { InvalidPayloadError, type InvalidPayloadDetails, type PayloadIssue } from './invalid-payload.error.js';
export { InvalidSubjectError } from './invalid-subject.error.js';
export { MessagePatternUnsupportedError } from './message-pattern-unsupported.error.js';
export { MalformedMessageError } from './malformed-message.error.js';
export { MissingEventIdError } from './missing-event-id.error.js';
export { MonitoringError, type MonitoringErrorDetails } from './monitoring.error.js';
<<<<<<< HEAD
export { NoTransactionError } from './no-transaction.error.js';
=======
export { NewerEventVersionError } from './newer-event-version.error.js';
>>>>>>> main
export { NotConnectedError } from './not-connected.error.js';
export { PayloadTooLargeError } from './payload-too-large.error.js';
export { PublishBufferFullError } from './publish-buffer-full.error.js';
export type { PublishFailureDetails } from './publish-failure-details.js';
export { PublishRefusedError } from './publish-refused.error.js';
export { PublishTimeoutError, type PublishTimeoutFacts } from './publish-timeout.error.js';
export { SerializationFailedError } from './serialization-failed.error.js';
export { SessionLostError } from './session-lost.error.js';
export { StanClosedError } from './stan-closed.error.js';
<<<<<<< HEAD
export { StoreSchemaError } from './store-schema.error.js';
=======
export { SubjectNotInContractError } from './subject-not-in-contract.error.js';
>>>>>>> main
export { SubscribeFailedError } from './subscribe-failed.error.js';
export { SubscribeTimeoutError } from './subscribe-timeout.error.js';
export { UnusableKeyError } from './unusable-key.error.js';
export { UndecodablePayloadError } from './undecodable-payload.error.js';
export { StanError, type StanErrorCode } from './stan.error.js';
