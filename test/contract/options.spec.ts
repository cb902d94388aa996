import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ClientStan, ServerStan, uniqueClientId } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';
import { contract, listenerFor } from '../support/contract.js';
import { fresh } from '../support/fresh.js';

contract('refused at start', (t) => {
  const base = () => ({
    clusterId: t.broker.clusterId,
    driver: t.broker.driver,
    clientId: fresh('service'),
    servers: t.broker.url,
  });

  describe('D35 a connection option', () => {
    const illegal: readonly [option: string, wrong: Record<string, unknown>, says: RegExp][] = [
      ['clusterId', { clusterId: undefined }, /clusterId/],
      ['clusterId', { clusterId: 'a b' }, /clusterId/],
      ['clientId', { clientId: '' }, /clientId/],
      ['clientId', { clientId: 'with space' }, /clientId.*with space/],
      ['clientId', { clientId: 'a.b' }, /clientId.*a\.b/],
      ['servers', { servers: 7 }, /servers/],
      ['connectTimeoutMs', { connectTimeoutMs: -1 }, /connectTimeoutMs.*-1/],
      ['pingIntervalMs', { pingIntervalMs: 10 }, /pingIntervalMs.*10/],
      ['maxPingsOut', { maxPingsOut: 0 }, /maxPingsOut.*0/],
      ['reconnect.jitter', { reconnect: { jitter: 2 } }, /reconnect\.jitter.*2/],
      ['an unknown name', { clusterID: 'x' }, /clusterID.*clusterId/],
      ['an unknown name inside reconnect', { reconnect: { initialDelay: 1 } }, /initialDelay.*initialDelayMs/],
    ];
    it.each(illegal)('%s: %o', (_, wrong, says) => {
      // One that may be left out where servers are found without it.
      if (!t.broker.features.clusterIds && 'clusterId' in wrong && wrong['clusterId'] === undefined) return;
      for (const Transport of [ServerStan, ClientStan]) {
        const make = () => new Transport({ ...base(), ...wrong });
        expect(make).toThrow(says);
        expect(make).toThrow(expect.objectContaining({ code: 'STAN_INVALID_OPTION' }) as Error);
      }
    });
  });

  describe('D35 a subscription option', () => {
    const illegal: readonly [wrong: Record<string, unknown>, says: RegExp][] = [
      [{ ackWaitMs: 1_500 }, /ackWaitMs.*1500/],
      [{ ackWaitMs: 0 }, /ackWaitMs.*0/],
      [{ maxInFlight: 0 }, /maxInFlight.*0/],
      [{ concurrency: 0 }, /concurrency.*0/],
      [{ startAt: 'beginning' }, /startAt.*beginning/],
      [{ startAt: { sequence: 0 } }, /startAt|sequence/],
      [{ startAt: { sequence: 1, agoMs: 5 } }, /startAt/],
      [{ ackMode: 'auto' }, /ackMode.*auto/],
      [{ queueGroup: 'orders', durableName: 'a:b' }, /durableName.*a:b/],
      [{ retry: { attempts: 0 } }, /attempts.*0/],
      [{ maxDeliveries: 0 }, /maxDeliveries.*0/],
      [{ onUndecodable: 'deadLetter' }, /onUndecodable|deadLetter/],
      [{ onUndecodable: 'ignore' }, /onUndecodable.*ignore/],
      [{ durable: 'orders' }, /durable.*durableName/],
      [{ ackwait: 5_000 }, /ackwait.*ackWaitMs/],
    ];
    it.each(illegal)('%o', async (wrong, says) => {
      const listener = listenerFor(fresh('orders'), wrong, () => undefined);
      await expect(t.app({ controllers: [listener] })).rejects.toMatchObject({
        code: 'STAN_INVALID_OPTION',
        message: expect.stringMatching(says) as string,
      });
    });

    it.each(['orders.*', 'orders.>', 'a..b', '.a', 'a.', '', 'with space'])('the subject "%s"', async (subject) => {
      const listener = listenerFor(subject, {}, () => undefined);
      await expect(t.app({ controllers: [listener] })).rejects.toMatchObject({
        code: expect.stringMatching(/^STAN_INVALID_(SUBJECT|OPTION)$/) as string,
      });
    });

    it('a durable without a queue group under a random client id', async () => {
      const listener = listenerFor(fresh('orders'), { durableName: 'orders' }, () => undefined);
      const starting = t.app({ server: { clientId: uniqueClientId('orders') }, controllers: [listener] });
      await expect(starting).rejects.toMatchObject({
        code: 'STAN_INVALID_OPTION',
        message: expect.stringContaining('durableName') as string,
      });
    });
  });

  it("D35 two handlers that would take each other's place on the server, both by name", async () => {
    const subject = fresh('orders');
    const same = { queueGroup: 'orders', durableName: 'orders' };
    const twice = t.app({ controllers: [listenerFor(subject, same, () => 1), listenerFor(subject, same, () => 2)] });
    await expect(twice).rejects.toMatchObject({
      code: 'STAN_HANDLER_CONFLICT',
      message: expect.stringMatching(/Listener.*handle.*Listener.*handle/s) as string,
    });
  });

  it('D35 a @MessagePattern handler', async () => {
    @Controller()
    class Listener {
      @MessagePattern('sum')
      sum(): number {
        return 1;
      }
    }
    await expect(t.app({ controllers: [Listener] })).rejects.toMatchObject({
      code: 'STAN_MESSAGE_PATTERN_UNSUPPORTED',
    });
  });

  it('D35 leaves nothing open: the client id is free again at once', async () => {
    const clientId = fresh('service');
    const broken = listenerFor(fresh('orders'), { ackWaitMs: 1_500 }, () => undefined);
    await expect(t.app({ server: { clientId }, controllers: [broken] })).rejects.toThrow();
    expect(await t.broker.facts.clientIds()).not.toContain(clientId);
    await t.app({ server: { clientId }, controllers: [listenerFor(fresh('orders'), {}, () => undefined)] });
  });
});
