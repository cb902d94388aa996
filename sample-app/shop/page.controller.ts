import type { MessageEvent } from '@nestjs/common';
import { Body, Controller, Get, HttpCode, NotFoundException, Param, Patch, Post, Sse } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { FaultsRequest } from './faults-request.js';
import { FlowFeed } from './flow-feed.js';
import { Instances } from './instances.js';
import type { InstanceView, ServiceInstance } from './service-instance.js';
import { Surroundings } from './surroundings.js';

/** What the page asks of the supervisor itself. */
@Controller('api')
export class PageController {
  constructor(
    private readonly instances: Instances,
    private readonly feed: FlowFeed,
    private readonly surroundings: Surroundings,
  ) {}

  /** Where the event bus and the database are. */
  @Get('surroundings')
  describe(): Surroundings {
    return this.surroundings;
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
    const instance = this.#find(name);
    instance.kill();
    return instance.view();
  }

  @Patch('instances/:name/faults')
  @HttpCode(202)
  setFaults(@Param('name') name: string, @Body() faults: FaultsRequest): InstanceView {
    const instance = this.#find(name);
    instance.setFaults(faults);
    return instance.view();
  }

  #find(name: string): ServiceInstance {
    const instance = this.instances.find(name);
    if (!instance) throw new NotFoundException(`there is no instance ${name}`);
    return instance;
  }
}
