/* The entry point nestjs-stan/testing: an app and a broker for one test. */
export { StanTestHarness } from './stan-test-harness.js';
export { harnessDefaults } from './harness-options.js';
export type {
  CompiledTestingModule,
  HarnessApp,
  HarnessConnection,
  HarnessModule,
  StanTestHarnessOptions,
  TestingModuleSource,
  WaitForFactOptions,
} from './harness-options.js';
export { factKinds } from './harness-fact.js';
export type { FactKind, FactPredicate, HarnessFact } from './harness-fact.js';
export { FactMissingError } from './fact-missing.error.js';
export { MemoryEventStore } from './memory-event-store.js';
export type { MemoryTransaction } from './memory-event-store.js';
export { eventStoreContract } from './event-store-contract.js';
export type { EventStoreCase } from './event-store-contract.js';
