import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError, StanHealthIndicator, StanLag, StanMonitoring, durableQueue } from '../../../lib/index.js';
import type { HealthLagOptions } from '../../../lib/index.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import type { Contract } from '../../support/contract.js';
import { contract, emitAll, listenerFor, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { latch } from '../../support/wait.js';

contract(
  'O7 health',
  (t) => {
    it('follows the lag: up, degraded above the one limit, down above the other, up again', async () => {
      const { emit, mayEnd, check, name } = await slowApp(t, { degradedAbove: 3, downAbove: 6 });
      expect(await check()).toMatchObject({ status: 'up', server: 'connected', lag: { [name]: 0 } });
      await emit(4);
      expect(await check()).toMatchObject({ status: 'degraded', lag: { [name]: 4 } });
      await emit(3);
      expect(await check()).toMatchObject({ status: 'down', lag: { [name]: 7 } });
      mayEnd.open();
      await t.eventually(async () => (await check()).status === 'up');
    });

    it('is degraded, and never down, while the monitoring port does not answer', async () => {
      const lag = new StanLag({ monitoring: new StanMonitoring({ url: 'http://127.0.0.1:1' }) });
      const { check } = await slowApp(t, { of: lag, downAbove: 0 });
      const result = await check();
      expect(result).toMatchObject({ status: 'degraded', server: 'connected' });
      expect(result.lagError).toContain('127.0.0.1:1');
    });

    it('is down without a session, whatever the lag, and up with the next one', async () => {
      const { check, indicator } = await slowApp(t, { degradedAbove: 1_000 });
      await t.broker.kill();
      await t.eventually(() => indicator.isHealthy('stan').stan.status === 'down');
      expect(await check()).toMatchObject({ status: 'down', server: 'reconnecting' });
      await t.broker.restart();
      await t.eventually(async () => (await check()).status === 'up', { timeoutMs: 20_000 });
    });

    it('is degraded for a subscription that the server does not know', async () => {
      const { check } = await slowApp(t, { subscriptions: [{ subject: fresh('typo'), durableName: 'orders' }] });
      const result = await check();
      expect(result.status).toBe('degraded');
      expect(Object.values(result.lag ?? {})).toEqual([null]);
    });

    it('goes into the answer of Terminus: 200 for degraded, an error for down', async () => {
      const { indicator, emit } = await slowApp(t, { degradedAbove: 0, downAbove: 5 });
      const module = await Test.createTestingModule({ imports: [TerminusModule.forRoot({ logger: false })] }).compile();
      const health = await module.resolve(HealthCheckService);
      await emit(1);
      const answer = await health.check([() => indicator.check('stan')]);
      expect(answer.details.stan.status).toBe('degraded');
      expect(answer.status).not.toBe('error');
      await emit(5);
      await expect(health.check([() => indicator.check('stan')])).rejects.toMatchObject({
        response: { status: 'error', error: { stan: { status: 'down' } } },
      });
    });

    describe('options', () => {
      it('are checked by name', () => {
        const of = new StanLag();
        const make = (lag: object) => () => new StanHealthIndicator({}, { lag: lag as HealthLagOptions });
        expect(make({})).toThrow(/lag\.of.*a StanLag/s);
        expect(make({ of, degradedAbove: -1 })).toThrow(/lag\.degradedAbove/);
        expect(make({ of, degradedAbov: 1 })).toThrow(/degradedAbove/);
        expect(() => new StanHealthIndicator({ lag: {} as never })).toThrow(InvalidOptionError);
      });
    });
  },
  { needs: ['stanMonitoring'] },
);

/** An app with one handler that holds its events, and an indicator that looks at it. */
async function slowApp(t: Contract, rules: Partial<HealthLagOptions>) {
  const subject = fresh('ticket');
  const mayEnd = latch();
  const listener = listenerFor(subject, durableQueue('orders'), () => mayEnd.promise);
  const { server } = await t.app({ controllers: [listener], server: { drainTimeoutMs: 100 } });
  const client = await t.client();
  const of = new StanLag({ monitoring: new StanMonitoring({ url: t.broker.monitoringUrl }), cacheMs: 0 });
  const indicator = new StanHealthIndicator({ server }, { lag: { of, ...rules } });
  cleanUpAfterTest(() => indicator.close());
  return {
    indicator,
    mayEnd,
    name: `${subject} (orders)`,
    check: async () => (await indicator.check('stan')).stan,
    emit: (count: number) => emitAll(client, subject, upTo(count)),
  };
}
