// A version of the NATS client whose internals are not those that the driver knows.
import { connect } from '@nats-io/transport-node';
import type { StanContext } from 'nestjs-stan';
import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { driverChoice } from '../../../lib/core/driver/driver-choice.js';
import { JetStreamDriver, jetStreamBroker } from '../../../lib/drivers/jetstream/jetstream-driver.js';
import { streamNameOf } from '../../../lib/drivers/jetstream/jetstream-names.js';
import type { VendorConnect } from '../../../lib/drivers/jetstream/nats-client.js';
import { contract, listenerFor } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';

const parser = { state: 0, parse: () => undefined };
/** All that the driver looks for. */
const protocol = { parser, sendCommand: () => undefined, info: {}, outMsgs: 0, outBytes: 0, inMsgs: 0, inBytes: 0 };

/** The client, which shows the driver these internals and uses its own. */
const connectShowing =
  (internals: unknown): VendorConnect =>
  async (options) =>
    new Proxy(await connect(options), {
      get: (connection, name) => {
        const value: unknown = name === 'protocol' ? internals : Reflect.get(connection, name);
        return typeof value === 'function' ? (value.bind(connection) as unknown) : value;
      },
    });

const driverOver = (vendorConnect: VendorConnect) => {
  const options = { streams: 'create', stream: {}, streamName: streamNameOf, domain: undefined } as const;
  return driverChoice(
    jetStreamBroker,
    (connection) => new JetStreamDriver(connection, { ...options, extendAckWait: false }, { vendorConnect }),
  );
};

contract(
  'a version of the NATS client with other internals',
  (t) => {
    it.each([
      ['NatsConnectionImpl.protocol must be an object', undefined],
      ['ProtocolHandler.sendCommand must be a function', { ...protocol, sendCommand: undefined }],
      ['ProtocolHandler.inMsgs must be a number', { ...protocol, inMsgs: undefined }],
      ['Parser.state must be a number', { ...protocol, parser: { ...parser, state: undefined } }],
    ])('carries every event all the same, and each connection says so once: %s', async (says, internals) => {
      const subject = fresh('orders');
      const driver = driverOver(connectShowing(internals));
      const seen: unknown[] = [];
      const listener = listenerFor(
        subject,
        { ...durableQueue('orders'), ackWaitMs: 1_000 },
        (data: { id: number; text: string }, context: StanContext) => {
          seen.push([data.id, data.text.length, context.getHeader('id'), context.isRedelivered()]);
          if (data.id === 2 && !context.isRedelivered()) throw new Error('not yet');
        },
      );
      const app = await t.app({ controllers: [listener], server: { driver } });
      const client = await t.client({ driver });
      for (const id of [1, 2, 3]) {
        await client.emitAsync(subject, { id, text: 'ü'.repeat(id * 30_000) }, { id: `id-${String(id)}` });
      }
      await t.eventually(() => seen.length === 4, { what: 'all events, one of them twice', timeoutMs: 10_000 });
      expect(seen.slice(0, 3)).toEqual([
        [1, 30_000, 'id-1', false],
        [2, 60_000, 'id-2', false],
        [3, 90_000, 'id-3', false],
      ]);
      expect(seen[3]).toEqual([2, 60_000, 'id-2', true]);
      await t.eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0));
      const warnings = app.log.filter(({ text }) => text.includes(says));
      expect(warnings).toHaveLength(2);
      expect(warnings[0]!.text).toMatch(/@nats-io\/nats-core 3\.\d+\.\d+: .*which are slower; install /);
    });
  },
  { clock: 'real', needs: ['nack'] },
);
