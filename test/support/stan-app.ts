import type { INestMicroservice, LoggerService, Type } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common/interfaces/index.js';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { StanClientOptions, StanServerOptions } from 'nestjs-stan';
import { ClientStan, ServerStan } from 'nestjs-stan';
import type { TestBroker } from './brokers.js';
import { cleanUpAfterTest, showWhenTestFails } from './cleanup.js';
import { fresh } from './fresh.js';

/** What a test's Nest app is made of. */
export interface StanAppOptions {
  readonly broker: Pick<TestBroker, 'url' | 'clusterId' | 'driver'>;
  /** Controllers with the handlers under test. */
  readonly controllers?: readonly Type[];
  readonly providers?: ModuleMetadata['providers'];
  readonly imports?: ModuleMetadata['imports'];
  /** Over the test's own: cluster, a fresh client id, the broker's URL. */
  readonly server?: Partial<StanServerOptions>;
  /** Called before `listen()`: global pipes, filters, shutdown hooks. */
  readonly configure?: (app: INestMicroservice) => void;
}

/** A Nest microservice that is listening. */
export interface StanApp {
  readonly app: INestMicroservice;
  readonly server: ServerStan;
  readonly clientId: string;
  /** Everything that the app logged, oldest first. */
  readonly log: readonly LogLine[];
  /** `app.close()`; idempotent, and done by itself when the test ends. */
  close(): Promise<void>;
}

/** One call of Nest's logger. */
export interface LogLine {
  readonly level: 'log' | 'warn' | 'error' | 'debug' | 'verbose' | 'fatal';
  readonly text: string;
}

/** Starts a Nest microservice on `ServerStan` for the running test; closed when the test ends, its log shown on failure. */
export async function startStanApp(options: StanAppOptions): Promise<StanApp> {
  const clientId = typeof options.server?.clientId === 'string' ? options.server.clientId : fresh('service');
  const server = new ServerStan({
    clusterId: options.broker.clusterId,
    servers: options.broker.url,
    driver: options.broker.driver,
    clientId,
    ...options.server,
  });
  const logger = collectingLogger();
  const app = await NestFactory.createMicroservice(moduleOf(options), {
    strategy: server,
    logger,
    abortOnError: false,
  });
  options.configure?.(app);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= app.close());
  cleanUpAfterTest(close);
  showWhenTestFails(() => logger.describe(clientId));
  await app.listen();
  return { app, server, clientId, log: logger.lines, close };
}

/** A connected `ClientStan` for the running test; closed when the test ends. */
export async function startStanClient(
  broker: Pick<TestBroker, 'url' | 'clusterId' | 'driver'>,
  options: Partial<StanClientOptions> = {},
): Promise<ClientStan> {
  const client = new ClientStan({
    clusterId: broker.clusterId,
    servers: broker.url,
    driver: broker.driver,
    clientId: fresh('publisher'),
    ...options,
  });
  cleanUpAfterTest(() => client.close());
  await client.connect();
  return client;
}

/** A `ClientStan` that nobody has told to connect; closed when the test ends. */
export function startUnconnectedClient(options: StanClientOptions): ClientStan {
  const client = new ClientStan(options);
  cleanUpAfterTest(() => client.close());
  return client;
}

/** A module class made on the spot. */
export function moduleOf({
  imports,
  controllers,
  providers,
}: Pick<StanAppOptions, 'imports' | 'controllers' | 'providers'>): Type {
  @Module({ imports: imports ?? [], controllers: [...(controllers ?? [])], providers: providers ?? [] })
  class TestModule {}
  return TestModule;
}

/** A Nest logger that keeps what it is told. */
export interface CollectingLogger extends LoggerService {
  readonly lines: readonly LogLine[];
  describe(title: string): string;
}

/** Makes a {@link CollectingLogger}. */
export function collectingLogger(): CollectingLogger {
  const lines: LogLine[] = [];
  const keep =
    (level: LogLine['level']) =>
    (message: unknown, ...rest: unknown[]) =>
      void lines.push({ level, text: [message, ...rest].map(asText).join(' ') });
  return {
    lines,
    log: keep('log'),
    warn: keep('warn'),
    error: keep('error'),
    debug: keep('debug'),
    verbose: keep('verbose'),
    fatal: keep('fatal'),
    describe: (title) =>
      [`--- log of ${title}`, ...lines.map(({ level, text }) => `${level.padEnd(7)} ${text}`), '---'].join('\n'),
  };
}

function asText(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message;
  if (typeof value === 'string') return value;
  // A line with fields makes a text of itself; a bare object does not.
  const text = String(value);
  return text.startsWith('[object ') ? JSON.stringify(value) : text;
}
