import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { durableQueue, StanHealthIndicator } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { eventually } from '../../support/wait.js';

contract(
  'health on JetStream',
  (t) => {
    it('is up with all subscriptions in place, down while the server is away, up again when it is back', async () => {
      const reconnect = { initialDelayMs: 50, maxDelayMs: 200 };
      const { server } = await t.app({
        server: { reconnect },
        controllers: [listenerFor(fresh('orders'), durableQueue('orders'), () => undefined)],
      });
      const client = await t.client({ reconnect });
      const indicator = new StanHealthIndicator({ server, client });
      cleanUpAfterTest(() => indicator.close());
      const status = () => indicator.isHealthy('broker')['broker'];
      expect(status()).toMatchObject({ status: 'up', server: 'connected', client: 'connected' });

      await t.broker.kill();
      await eventually(() => expect(status()).toMatchObject({ server: 'reconnecting', client: 'reconnecting' }));
      expect(status()).toMatchObject({ status: 'down' });
      await t.broker.restart({ state: 'kept' });
      await eventually(() => expect(status()).toMatchObject({ status: 'up' }), { timeoutMs: 20_000 });
    });

    it('goes into the answer of Terminus', async () => {
      const client = await t.client();
      const indicator = new StanHealthIndicator({ client });
      cleanUpAfterTest(() => indicator.close());
      const module = await Test.createTestingModule({ imports: [TerminusModule.forRoot({ logger: false })] }).compile();
      const health = await module.resolve(HealthCheckService);
      await expect(health.check([() => indicator.check('broker')])).resolves.toMatchObject({
        status: 'ok',
        details: { broker: { status: 'up', client: 'connected' } },
      });
      await client.close();
      await expect(health.check([() => indicator.check('broker')])).rejects.toMatchObject({
        response: { error: { broker: { status: 'down', client: 'closed' } } },
      });
    });
  },
  { clock: 'real', needs: ['nack'] },
);
