import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DynamicModule, FactoryProvider, InjectionToken, ValueProvider } from '@nestjs/common';

import { InvalidOptionError } from '../../core/errors/index.js';
import type { StanClientOptions, StanPublishContract } from '../../core/options/index.js';
import { ClientStan } from '../client/client-stan.js';
import { clientContractToken } from '../contracts/client-contract.js';
import type { ClientContract } from '../contracts/client-contract.js';
import { getStanClientToken } from './stan-client.token.js';

/**
 * What `StanModule` takes besides the options of the client.
 * @publicApi
 */
export interface StanModuleExtras {
  /**
   * Name of this client, for `@InjectStanClient(name)`; without one the client is injected by its class.
   * Give one where an app has several clients in one module.
   */
  readonly name?: string | undefined;
  /**
   * True: every module of the app can inject the client without importing this one.
   * @defaultValue false
   */
  readonly isGlobal?: boolean;
  /**
   * What this client may publish, as `StanClientOptions.contract`; it stands here, beside `useFactory`, so that documents can
   * be made of an app that is not started.
   */
  readonly contract?: StanPublishContract | undefined;
}

/**
 * Makes the options of a client in `StanModule.registerAsync({ useClass })` and `useExisting`.
 * @publicApi
 */
export interface StanOptionsFactory {
  createStanOptions(): StanClientOptions | Promise<StanClientOptions>;
}

const extras: StanModuleExtras = { name: undefined, isGlobal: false, contract: undefined };

const host = new ConfigurableModuleBuilder<StanClientOptions>({ moduleName: 'Stan' })
  .setFactoryMethodName('createStanOptions')
  .setExtras(extras, provideClient)
  .build();

/** @internal */
export const StanModuleBase = host.ConfigurableModuleClass;

/**
 * The argument of `StanModule.register`.
 * @publicApi
 */
export type StanModuleOptions = typeof host.OPTIONS_TYPE;

/**
 * The argument of `StanModule.registerAsync`.
 * @publicApi
 */
export type StanModuleAsyncOptions = typeof host.ASYNC_OPTIONS_TYPE;

function provideClient(
  definition: DynamicModule,
  { name, isGlobal = false, contract }: StanModuleExtras,
): DynamicModule {
  const token = getStanClientToken(name);
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), clientProvider(token, contract), contractProvider(name, contract)],
    exports: [...(definition.exports ?? []), token],
  };
}

function clientProvider(token: InjectionToken, contract: StanPublishContract | undefined): FactoryProvider<ClientStan> {
  return {
    provide: token,
    inject: [host.MODULE_OPTIONS_TOKEN],
    useFactory: (options: StanClientOptions) => new ClientStan(withContract(options, contract)),
  };
}

function withContract(options: StanClientOptions, contract: StanPublishContract | undefined): StanClientOptions {
  if (options.contract !== undefined) {
    const expected = 'the contract beside useFactory, useClass or useExisting: a document is made without running them';
    throw new InvalidOptionError('contract', expected, options.contract, { owner: 'StanModule.registerAsync' });
  }
  return contract === undefined ? options : { ...options, contract };
}

/** For documents: what a client publishes can be read without making it. */
function contractProvider(
  name: string | undefined,
  contract: StanPublishContract | undefined,
): ValueProvider<ClientContract> {
  return { provide: clientContractToken, useValue: { name, contract } };
}
