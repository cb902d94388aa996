import type { DynamicModule, INestMicroservice, LoggerService, Type } from '@nestjs/common';
import type { StanBroker, StanBrokerOptions } from '../broker/index.js';
import type { StanServerOptions } from '../core/options/index.js';
import type { ServerStan } from '../nest/server/server-stan.js';

/**
 * What an app needs to reach the harness's broker.
 * @publicApi
 */
export interface HarnessConnection {
  /** URL for `servers`. */
  readonly url: string;
  readonly clusterId: string;
  readonly broker: StanBroker;
}

/**
 * A compiled `TestingModule` of `@nestjs/testing`, as far as it is used here.
 * @publicApi
 */
export interface CompiledTestingModule {
  createNestMicroservice(options: object): INestMicroservice;
}

/**
 * The builder that `Test.createTestingModule()` returns, as far as it is used here.
 * @publicApi
 */
export interface TestingModuleSource {
  compile(): Promise<CompiledTestingModule>;
}

/**
 * The module under test: its class, a dynamic module, or a testing module with its overrides.
 * @publicApi
 */
export type HarnessModule = Type | DynamicModule | CompiledTestingModule | TestingModuleSource;

/**
 * An app that the test has started itself.
 * @publicApi
 */
export interface HarnessApp {
  close(): Promise<unknown>;
  get<T>(token: unknown, options?: { strict: boolean }): T;
}

/**
 * How to start a harness: one of `module`, `moduleFor` and `app` says what is tested.
 * @publicApi
 */
export interface StanTestHarnessOptions {
  /** The module under test. */
  readonly module?: HarnessModule;
  /** Makes the module under test once the broker's URL is known. */
  readonly moduleFor?: (connection: HarnessConnection) => HarnessModule | Promise<HarnessModule>;
  /**
   * Starts the app in the test's own way, for a hybrid app or a `main.ts` under test. `strategy` is a `ServerStan` made
   * from `server`; the app must listen when the promise resolves.
   */
  readonly app?: (connection: HarnessConnection & { readonly strategy: ServerStan }) => Promise<HarnessApp>;
  /**
   * Options of the app's `ServerStan`, over the harness's own: the broker's cluster id and URL, client id `app`. `driver`
   * is left out: an app for JetStream is tested on the harness's broker. A `StanModule` inside of the app needs that too.
   */
  readonly server?: Partial<StanServerOptions>;
  /** Options of the broker, over the harness's own: a free port, a virtual clock. */
  readonly broker?: StanBrokerOptions;
  /**
   * How long a fact is waited for. Unit: milliseconds of real time.
   * @defaultValue 5000
   */
  readonly timeoutMs?: number;
  /**
   * Nest's logger for the app.
   * @defaultValue false
   */
  readonly logger?: LoggerService | false;
}

/** What an option is when it is not given. @publicApi */
export const harnessDefaults = {
  timeoutMs: 5_000,
  logger: false,
} as const satisfies Partial<StanTestHarnessOptions>;

/**
 * Of one wait.
 * @publicApi
 */
export interface WaitForFactOptions {
  /**
   * Which of the fitting facts to wait for: 1 for the first.
   * @defaultValue 1
   */
  readonly times?: number;
  /** Over the harness's `timeoutMs`. Unit: milliseconds. */
  readonly timeoutMs?: number;
}
