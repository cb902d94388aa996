import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

import { StanModuleBase } from './stan-module.definition.js';
import type { StanModuleAsyncOptions, StanModuleOptions } from './stan-module.definition.js';

/**
 * Provides a `ClientStan` to the modules that import it. Import it once per client: each has options, a session and a
 * `clientId` of its own.
 * @publicApi
 */
@Module({})
export class StanModule extends StanModuleBase {
  /** Provides a client with these options. */
  static override register(options: StanModuleOptions): DynamicModule {
    return super.register(options);
  }

  /** Provides a client with the options that `useFactory`, `useClass` or `useExisting` give. */
  static override registerAsync(options: StanModuleAsyncOptions): DynamicModule {
    return super.registerAsync(options);
  }
}
