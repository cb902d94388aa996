import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DynamicModule, FactoryProvider, InjectionToken } from '@nestjs/common';

import type { StanClientOptions } from '../../core/options/index.js';
import { ClientStan } from '../client/client-stan.js';
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
}

/**
 * Makes the options of a client in `StanModule.registerAsync({ useClass })` and `useExisting`.
 * @publicApi
 */
export interface StanOptionsFactory {
  createStanOptions(): StanClientOptions | Promise<StanClientOptions>;
}

const extras: StanModuleExtras = { name: undefined, isGlobal: false };

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

function provideClient(definition: DynamicModule, { name, isGlobal = false }: StanModuleExtras): DynamicModule {
  const token = getStanClientToken(name);
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), clientProvider(token)],
    exports: [...(definition.exports ?? []), token],
  };
}

function clientProvider(token: InjectionToken): FactoryProvider<ClientStan> {
  return {
    provide: token,
    inject: [host.MODULE_OPTIONS_TOKEN],
    useFactory: (options: StanClientOptions) => new ClientStan(options),
  };
}
