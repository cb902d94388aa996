import { NestFactory } from '@nestjs/core';
import type { INestMicroservice } from '@nestjs/common';
import { ServerStan } from '../nest/server/server-stan.js';
import type {
  CompiledTestingModule,
  HarnessApp,
  HarnessConnection,
  HarnessModule,
  StanTestHarnessOptions,
  TestingModuleSource,
} from './harness-options.js';
import { harnessDefaults } from './harness-options.js';
import type { HandlerWatcher } from './watch-handlers.js';
import { watchHandlers } from './watch-handlers.js';

/** Starts what the options describe; it listens when the promise resolves. @internal */
export async function startApp(
  options: StanTestHarnessOptions,
  connection: HarnessConnection,
  watcher: HandlerWatcher,
): Promise<HarnessApp> {
  const { clusterId, url } = connection;
  // The harness's broker speaks STAN: handlers and rules are the same there, whichever driver the app has elsewhere.
  const strategy = new ServerStan({ clusterId, servers: url, clientId: 'app', ...options.server, driver: undefined });
  watchHandlers(strategy, watcher);
  if (options.app) return options.app({ ...connection, strategy });
  const source = options.module ?? (await options.moduleFor?.(connection));
  if (!source) throw new TypeError('a harness needs a module to test, or an app that starts one');
  const app = await createMicroservice(source, { strategy, logger: options.logger ?? harnessDefaults.logger });
  await app.listen();
  return app;
}

async function createMicroservice(source: HarnessModule, settings: object): Promise<INestMicroservice> {
  if (isCompiled(source)) return source.createNestMicroservice(settings);
  if (isBuilder(source)) return (await source.compile()).createNestMicroservice(settings);
  return NestFactory.createMicroservice(source, { ...settings, abortOnError: false });
}

function isCompiled(source: HarnessModule): source is CompiledTestingModule {
  return typeof (source as Partial<CompiledTestingModule>).createNestMicroservice === 'function';
}

function isBuilder(source: HarnessModule): source is TestingModuleSource {
  return typeof (source as Partial<TestingModuleSource>).compile === 'function';
}
