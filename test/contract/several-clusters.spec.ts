import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { ClientStan, ServerStan, StanEventPattern } from 'nestjs-stan';
import { StanBroker } from 'nestjs-stan/broker';
import { expect, it } from 'vitest';

import { cleanUpAfterTest } from '../support/cleanup.js';
import { contract } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { collectingLogger, moduleOf } from '../support/stan-app.js';
import { eventually } from '../support/wait.js';

const EAST = Symbol('east');
const WEST = Symbol('west');

contract('several clusters in one app', (t) => {
  it('B17 gives each server the handlers of its own transport id, also where their subjects are the same', async () => {
    const subject = fresh('tickets');
    const seen: string[] = [];

    @Controller()
    class Tickets {
      @StanEventPattern(subject, { startAt: 'first' }, EAST)
      east(@Payload() event: string): void {
        seen.push(`east ${event}`);
      }

      @StanEventPattern(subject, { startAt: 'first' }, WEST)
      west(@Payload() event: string): void {
        seen.push(`west ${event}`);
      }
    }

    const other = await StanBroker.start({ clusterId: 'west', port: 0 });
    cleanUpAfterTest(() => other.close());
    const clusters = [
      { id: EAST, clusterId: t.broker.clusterId, servers: t.broker.url, driver: t.broker.driver },
      { id: WEST, clusterId: 'west', servers: other.url, driver: undefined },
    ];
    const app = await NestFactory.create(moduleOf({ controllers: [Tickets] }), {
      logger: collectingLogger(),
      abortOnError: false,
    });
    cleanUpAfterTest(() => app.close());
    for (const { id, ...place } of clusters) {
      const strategy = new ServerStan({ ...place, clientId: fresh('shop') });
      strategy.setTransportId(id);
      app.connectMicroservice({ strategy });
    }
    await app.startAllMicroservices();

    for (const { clusterId, servers, driver } of clusters) {
      const client = new ClientStan({ clusterId, servers, driver, clientId: fresh('publisher') });
      cleanUpAfterTest(() => client.close());
      await client.emitAsync(subject, `from ${clusterId}`);
    }
    await eventually(() => expect(seen).toHaveLength(2), { what: 'one event on each cluster', timeoutMs: 5_000 });
    expect(seen.toSorted()).toEqual([`east from ${t.broker.clusterId}`, 'west from west']);
  });
});
