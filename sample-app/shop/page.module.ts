import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { FlowFeed } from './flow-feed.js';
import { GatewayController } from './gateway.controller.js';
import { Instances } from './instances.js';
import { Lag } from './lag.js';
import { PageController } from './page.controller.js';
import type { Shop } from './shop.js';
import { Surroundings } from './surroundings.js';
import { withoutCredentials } from './without-credentials.js';

/** The page and what it needs from the server. */
@Module({})
export class PageModule {
  static register({ bus, database, instances }: Shop): DynamicModule {
    const surroundings = new Surroundings(
      { url: withoutCredentials(bus.url), note: bus.note, monitoringUrl: bus.monitoringUrl },
      { note: database.note },
    );
    return {
      module: PageModule,
      controllers: [PageController, GatewayController],
      providers: [
        FlowFeed,
        Lag,
        { provide: Instances, useValue: instances },
        { provide: Surroundings, useValue: surroundings },
      ],
    };
  }
}
