import { Inject, Injectable, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { StanClientOptions, StanOptionsFactory } from 'nestjs-stan';
import { ClientStan, InjectStanClient, InvalidOptionError, StanModule, getStanClientToken } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';

const options: StanClientOptions = { clusterId: 'test-cluster', clientId: 'tickets-0' };

@Injectable()
class OptionsFactory implements StanOptionsFactory {
  async createStanOptions(): Promise<StanClientOptions> {
    return options;
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsModule {}

/** Compiles without starting, so nothing connects. */
function compile(...imports: (DynamicModule | typeof OptionsModule)[]) {
  return Test.createTestingModule({ imports }).compile();
}

describe('StanModule', () => {
  it('provides the client under its class', async () => {
    const app = await compile(StanModule.register(options));
    expect(app.get(ClientStan)).toBeInstanceOf(ClientStan);
  });

  it.each([
    ['useFactory', StanModule.registerAsync({ useFactory: async () => options })],
    ['useClass', StanModule.registerAsync({ useClass: OptionsFactory })],
    ['useExisting', StanModule.registerAsync({ imports: [OptionsModule], useExisting: OptionsFactory })],
    [
      'useFactory with inject',
      StanModule.registerAsync({
        imports: [OptionsModule],
        inject: [OptionsFactory],
        useFactory: (factory: OptionsFactory) => factory.createStanOptions(),
      }),
    ],
  ])('takes its options from %s', async (_title, module) => {
    const app = await compile(module);
    expect(app.get(ClientStan)).toBeInstanceOf(ClientStan);
  });

  it('provides several clients side by side, by name and by class', async () => {
    @Injectable()
    class Publisher {
      constructor(
        @InjectStanClient() readonly own: ClientStan,
        @InjectStanClient('billing') readonly billing: ClientStan,
        @InjectStanClient('audit') readonly audit: ClientStan,
        @Inject(ClientStan) readonly byClass: ClientStan,
      ) {}
    }
    const imports = [
      StanModule.register(options),
      StanModule.register({ ...options, clientId: 'tickets-billing', name: 'billing' }),
      StanModule.registerAsync({ name: 'audit', useFactory: () => ({ ...options, clientId: 'tickets-audit' }) }),
    ];
    const app = await Test.createTestingModule({ imports, providers: [Publisher] }).compile();
    const { own, billing, audit, byClass } = app.get(Publisher);
    expect(byClass).toBe(own);
    expect(new Set([own, billing, audit]).size).toBe(3);
    expect(app.get(getStanClientToken('billing'))).toBe(billing);
  });

  it('lets every module inject the client where isGlobal is set', async () => {
    @Injectable()
    class Publisher {
      constructor(@InjectStanClient() readonly client: ClientStan) {}
    }
    @Module({ providers: [Publisher] })
    class FeatureModule {}
    const global = await Test.createTestingModule({
      imports: [StanModule.register({ ...options, isGlobal: true }), FeatureModule],
    }).compile();
    expect(global.get(Publisher, { strict: false }).client).toBeInstanceOf(ClientStan);
    const local = Test.createTestingModule({ imports: [StanModule.register(options), FeatureModule] }).compile();
    await expect(local).rejects.toThrow(/ClientStan/);
  });

  it('refuses a wrong option by its name', async () => {
    const module = StanModule.registerAsync({ useFactory: () => ({ ...options, clientID: 'x' }) as StanClientOptions });
    await expect(compile(module)).rejects.toThrow(InvalidOptionError);
  });
});
