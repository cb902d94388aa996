import type { StanContext } from 'nestjs-stan';
import { ClientStan } from 'nestjs-stan';
import { describe, expect, it } from 'vitest';

import type { IncompatibleDependencyError } from '../../lib/core/errors/index.js';
import { driverChoice } from '../../lib/core/driver/driver-choice.js';
import { stanBroker, StanDriver } from '../../lib/drivers/stan/stan-driver.js';
import type { VendorConnect } from '../../lib/drivers/stan/stan-client.js';
import { cleanUpAfterTest } from '../support/cleanup.js';
import type { Contract } from '../support/contract.js';
import { contract, listenerFor } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { connectOfRenamed } from '../support/renamed-vendor.js';

const driverOver = (connect: VendorConnect) =>
  driverChoice(stanBroker, (options) => new StanDriver(options, { vendorConnect: connect }));

/** Publishes, handles, fails once and publishes again; with headers, and with an event larger than one chunk. */
async function runThrough(t: Contract, connect: VendorConnect): Promise<{ seen: unknown[]; log: readonly string[] }> {
  const subject = fresh('ticket');
  const seen: unknown[] = [];
  let failures = 0;
  const listener = listenerFor(
    subject,
    { startAt: 'first', ackWaitMs: 1_000 },
    (data: { id: number; text: string }, context: StanContext) => {
      if (data.id === 2 && failures++ === 0) throw new Error('not yet');
      seen.push([data.id, data.text.length, context.getHeader('id'), context.isRedelivered()]);
    },
  );
  const driver = driverOver(connect);
  const app = await t.app({ controllers: [listener], server: { driver } });
  const client = await t.client({ driver });
  for (const id of [1, 2, 3])
    await client.emitAsync(subject, { id, text: 'ü'.repeat(id * 60_000) }, { id: `id-${String(id)}` });
  await t.eventually(() => seen.length === 3, { timeoutMs: 10_000 });
  await t.eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
  return { seen, log: app.log.filter(({ level }) => level === 'warn').map(({ text }) => text) };
}

const whole = [
  [1, 60_000, 'id-1', false],
  [3, 180_000, 'id-3', false],
  [2, 120_000, 'id-2', true],
];

/** What `connect()` rejects with. */
async function refusalOf(t: Contract, connect: VendorConnect, servers = t.broker.url) {
  const { clusterId } = t.broker;
  const options = { clusterId, clientId: fresh('publisher'), servers, driver: driverOver(connect) };
  const client = new ClientStan(options);
  cleanUpAfterTest(() => client.close());
  return (await client.connect().then(
    () => undefined,
    (error: unknown) => error,
  )) as IncompatibleDependencyError | undefined;
}

contract(
  'versions of the packages below',
  (t) => {
    describe('a version of nats without an internal that only makes us faster', () => {
      it.each([
        ['sendCommand', 'sent by the publish() of the package'],
        ['flushPending', 'sent by the publish() of the package'],
        ['processInbound', 'parsed by the package itself'],
        ['pstate', 'parsed by the package itself'],
        ['inbound', 'parsed by the package itself'],
        ['selectServer', 'server URLs are read by the package itself'],
      ])('carries every event all the same, and says so: %s', async (name, says) => {
        const { seen, log } = await runThrough(t, connectOfRenamed({ nats: [name] }));
        expect(seen).toEqual(whole);
        const line = log.find((text) => text.includes(`Client.${name} must be`));
        expect(line).toMatch(/nats 1\.4\.\d+: /);
        expect(line).toContain(says);
      });

      it('is refused where a server URL needs it', async () => {
        const connect = connectOfRenamed({ nats: ['selectServer'] });
        const error = await refusalOf(t, connect, `nats://us%3Aer:p%40ss@127.0.0.1:${String(t.broker.port)}`);
        expect(error?.code).toBe('STAN_INCOMPATIBLE_DEPENDENCY');
        expect(error?.message).toContain('Client.selectServer');
      });
    });

    it('carries every event where only the package knows how to tell the acks of publishes from the rest', async () => {
      const { seen, log } = await runThrough(t, connectOfRenamed({ stan: ['ackSubscription'] }));
      expect(seen).toEqual(whole);
      const line = log.find((text) => text.includes('Stan.ackSubscription must be'));
      expect(line).toContain('acks of publishes are parsed by the package itself');
    });

    it.each(['pubAckMap', 'pubAckOutstanding'])('carries every event where its client keeps no %s', async (name) => {
      const { seen, log } = await runThrough(t, connectOfRenamed({ stan: [name] }));
      expect(seen).toEqual(whole);
      expect(log.join('\n')).not.toContain('must be');
    });

    it('warns of nothing where all are there', async () => {
      const { seen, log } = await runThrough(t, connectOfRenamed({}));
      expect(seen).toEqual(whole);
      expect(log.join('\n')).not.toContain('must be');
    });

    it.each(['removeAck', 'closeWithError', 'processMsg', 'nc'])(
      'a client without %s is refused at once, with both versions',
      async (name) => {
        const error = await refusalOf(t, connectOfRenamed({ stan: [name] }));
        expect(error).toMatchObject({
          ...{ code: 'STAN_INCOMPATIBLE_DEPENDENCY', retryable: false, dependency: 'node-nats-streaming' },
          ...{ version: '0.3.2', testedVersion: '0.3.2', member: `Stan.${name}` },
        });
      },
    );

    it.each(['pubPrefix', 'ackSubject', 'connId', 'pingBytes', 'pingTimer'])(
      'a client without %s is refused once it has connected',
      async (name) => {
        const error = await refusalOf(t, connectOfRenamed({ stan: [name] }));
        expect(error).toMatchObject({ code: 'STAN_INCOMPATIBLE_DEPENDENCY', member: `Stan.${name}` });
      },
    );

    it('a client that does not say what the server has said about itself is refused', async () => {
      const error = await refusalOf(t, connectOfRenamed({ nats: ['info'] }));
      expect(error).toMatchObject({ code: 'STAN_INCOMPATIBLE_DEPENDENCY', dependency: 'nats', member: 'Client.info' });
    });

    it('a subscription that could send no ack is refused', async () => {
      const driver = driverOver(connectOfRenamed({ stan: ['ackInbox'] }));
      const listener = listenerFor(fresh('ticket'), {}, () => undefined);
      await expect(t.app({ controllers: [listener], server: { driver } })).rejects.toMatchObject({
        ...{ code: 'STAN_INCOMPATIBLE_DEPENDENCY', member: 'Subscription.ackInbox' },
      });
    });
  },
  { needs: ['stanWire'] },
);
