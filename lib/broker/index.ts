export { StanBroker } from './stan-broker.js';
export { stanBrokerDefaults } from './options/stan-broker.options.js';
export type { BrokerAuth, BrokerLogger, StanBrokerOptions } from './options/stan-broker.options.js';
export { brokerLimitsDefaults } from './options/broker-limits.js';
export type { BrokerLimits, ChannelLimits } from './options/broker-limits.js';
export type { Duration } from './clock/duration.js';
export { BrokerOptionError } from './errors/broker-option.error.js';
export { BrokerStartError } from './errors/broker-start.error.js';
export { StoreCorruptError } from './errors/store-corrupt.error.js';
export { BrokerFaults } from './faults/broker-faults.js';
export type { Fault, FaultFilter } from './faults/broker-faults.js';
export type { FaultPoint, FaultTarget } from './faults/fault-point.js';
export type { BrokerEvent, BrokerEventListener, SubscriptionFacts } from './events/broker-event.js';
export { LmdbStore } from './store/lmdb/lmdb-store.js';
export type { LmdbStoreOptions } from './store/lmdb/lmdb-store.js';
export { StoreFailedError } from './store/lmdb/store-failed.error.js';
export { StoreLockedError } from './store/lmdb/store-locked.error.js';
export { StorePackageMissingError } from './store/lmdb/store-package-missing.error.js';
export { MemoryStore } from './store/memory-store.js';
export type {
  ChannelStore,
  ClientRecord,
  MessageLog,
  RecoveredChannel,
  RecoveredState,
  RecoveredSubscription,
  ServerRecord,
  Store,
  SubscriptionRecord,
  SubscriptionTable,
} from './store/store.js';
