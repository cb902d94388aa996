import { ConsoleLogger, Injectable } from '@nestjs/common';
import { ServerStan } from 'nestjs-stan';
import type { CountedVersion, EventParkedEvent } from 'nestjs-stan';
import { FlowReporter } from './flow-reporter.js';

/** Shows what never comes to a handler: an event that is early is parked, one that has counted before is stale. */
@Injectable()
export class GateReporter {
  private readonly logger = new ConsoleLogger('VersionGate', { logLevels: ['log'] });

  constructor(
    server: ServerStan,
    private readonly flow: FlowReporter,
  ) {
    server.on('parked', (parked) => this.parked(parked));
    server.on('deliverySkipped', ({ subject, sequence, deliveries, counted }) => {
      if (counted) this.report('stale', { subject, sequence, redeliveries: deliveries - 1, ...counted });
    });
    server.on('unparked', ({ outcome, ...about }) => {
      // One that counts is reported by its handler.
      if (outcome === 'stale') this.report('stale', { ...about, redeliveries: 0 });
    });
  }

  private parked({ subject, sequence, stream, key, version }: EventParkedEvent): void {
    this.logger.log(
      `${subject} #${sequence} is parked: version ${version} of ${stream} ${key} came before version ${version - 1}`,
    );
    this.report('parked', { subject, sequence, redeliveries: 0, stream, key, version });
  }

  private report(outcome: 'parked' | 'stale', { key, version, subject, sequence, redeliveries }: Gated): void {
    this.flow.report({ outcome, id: key, version, subject, sequence, redeliveries });
  }
}

interface Gated extends CountedVersion {
  readonly subject: string;
  readonly sequence: number;
  readonly redeliveries: number;
}
