import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, FactoryProvider, OnApplicationShutdown } from '@nestjs/common';

import { ClientStan } from '../../nest/client/index.js';
import { StanMetrics } from './stan-metrics.js';
import type { StanMetricsOptions } from './stan-metrics-options.js';

/**
 * Provides a `StanMetrics` to a Nest app, from its start until it has shut down.
 * @publicApi
 */
@Module({})
export class StanMetricsModule implements OnApplicationShutdown {
  /** @internal */
  constructor(@Inject(StanMetrics) private readonly metrics: StanMetrics) {}

  /**
   * Measures what the options name, and the app's own `ClientStan` where they name no client and there is one that every
   * module can inject.
   */
  static register(options: StanMetricsOptions): DynamicModule {
    return StanMetricsModule.registerAsync({
      inject: [{ token: ClientStan, optional: true }],
      useFactory: (client?: ClientStan) => ({ ...(client !== undefined && { client }), ...options }),
    });
  }

  /** Measures what `useFactory` names, made from what is injected into it. */
  static registerAsync({ imports = [], inject = [], useFactory }: StanMetricsAsyncOptions): DynamicModule {
    const metrics: FactoryProvider<StanMetrics> = {
      provide: StanMetrics,
      inject,
      useFactory: async (...injected) => new StanMetrics(await useFactory(...(injected as never[]))),
    };
    return { module: StanMetricsModule, imports, providers: [metrics], exports: [StanMetrics] };
  }

  /** Nest's hook: stops listening and takes the metrics out of the registry. */
  onApplicationShutdown(): void {
    this.metrics.close();
  }
}

/**
 * Options of `StanMetricsModule.registerAsync()`.
 * @publicApi
 */
export interface StanMetricsAsyncOptions extends Pick<DynamicModule, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...injected: never[]) => StanMetricsOptions | Promise<StanMetricsOptions>;
}
