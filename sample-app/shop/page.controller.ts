import type { MessageEvent } from '@nestjs/common';
import { Body, Controller, Get, HttpCode, NotFoundException, Param, Patch, Post, Sse } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { FlowEntry } from '../service/service-messages.js';
import { FaultsRequest } from './faults-request.js';
import { FlowFeed } from './flow-feed.js';
import { Instances } from './instances.js';
import { Lag } from './lag.js';
import type { LagPerService } from './lag.js';
import type { InstanceView, ServiceInstance } from './service-instance.js';
import { Surroundings } from './surroundings.js';

/** What the page asks of the supervisor itself. */
@Controller('api')
export class PageController {
  constructor(
    private readonly instances: Instances,
    private readonly feed: FlowFeed,
    private readonly surroundings: Surroundings,
    private readonly lag: Lag,
  ) {}

  /** Where the event bus and the database are. */
  @Get('surroundings')
  describe(): Surroundings {
    return this.surroundings;
  }

  /** How many events each service has still to handle; nothing where the server does not tell. */
  @Get('lag')
  perService(): Promise<LagPerService> {
    return this.lag.perService();
  }

  /** What happened in one trace, as far as it is remembered here. */
  @Get('traces/:id')
  trace(@Param('id') id: string): readonly FlowEntry[] {
    return this.feed.ofTrace(id);
  }

  @Get('instances')
  list(): InstanceView[] {
    return this.instances.views();
  }

  /** The last events, and then each as it happens: `flow` and `instances`. */
  @Sse('flow')
  flow(): Observable<MessageEvent> {
    return this.feed.open();
  }

  @Post('instances/:name/kill')
  @HttpCode(202)
  kill(@Param('name') name: string): InstanceView {
    const instance = this.find(name);
    instance.kill();
    return instance.view();
  }

  @Patch('instances/:name/faults')
  @HttpCode(202)
  setFaults(@Param('name') name: string, @Body() faults: FaultsRequest): InstanceView {
    const instance = this.find(name);
    instance.setFaults(faults);
    return instance.view();
  }

  private find(name: string): ServiceInstance {
    const instance = this.instances.find(name);
    if (!instance) throw new NotFoundException(`there is no instance ${name}`);
    return instance;
  }
}
