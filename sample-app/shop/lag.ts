import { Injectable } from '@nestjs/common';
import { StanLag, StanMonitoring } from 'nestjs-stan';
import type { ServiceName } from '../service/service-messages.js';
import { services } from '../service/service-messages.js';
import { Surroundings } from './surroundings.js';

/** How many events each service has still to handle. */
export type LagPerService = Readonly<Partial<Record<ServiceName, number>>>;

/** Asks the server how far the services are behind; one question at a time, however many pages are open. */
@Injectable()
export class Lag {
  private readonly lag: StanLag | undefined;
  private underWay: Promise<LagPerService> | undefined;

  constructor({ bus }: Surroundings) {
    const { monitoringUrl: url } = bus;
    this.lag = url === undefined ? undefined : new StanLag({ monitoring: new StanMonitoring({ url }) });
  }

  /** Nothing where the server has no monitoring port, or it does not answer. */
  perService(): Promise<LagPerService> {
    this.underWay ??= this.ask()
      .catch(() => ({}))
      .finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  private async ask(): Promise<LagPerService> {
    if (this.lag === undefined) return {};
    const sums: Record<ServiceName, number> = { tickets: 0, orders: 0 };
    for await (const { queueGroup, total } of this.lag.all()) {
      const service = services.find((name) => name === queueGroup);
      if (service !== undefined) sums[service] += total;
    }
    return sums;
  }
}
