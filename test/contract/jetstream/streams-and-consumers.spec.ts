// What the driver makes at the server, what it leaves alone, and how long it stays.
import type { NatsConnection } from '@nats-io/transport-node';
import { durableQueue, SubscribeFailedError } from 'nestjs-stan';
import { jetstream } from 'nestjs-stan/jetstream';
import { describe, expect, it } from 'vitest';
import type { Contract } from '../../support/contract.js';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import { collectingLogger } from '../../support/stan-app.js';
import { eventually } from '../../support/wait.js';

interface ConsumerDescription {
  readonly name: string;
  readonly created: string;
  readonly config: { readonly inactive_threshold?: number; readonly metadata?: Readonly<Record<string, string>> };
}

/** The management requests of an operator. */
async function operatorOf(t: Contract) {
  const nats = (await t.client()).unwrap<NatsConnection>();
  const ask = async <Answer = unknown>(request: string, body: unknown = {}) => {
    const answer = (await nats.request(`$JS.API.${request}`, JSON.stringify(body))).json<
      Answer & { readonly error?: { readonly description: string } }
    >();
    if (answer.error !== undefined) throw new Error(`${request}: ${answer.error.description}`);
    return answer;
  };
  const consumersOf = async (stream: string) =>
    (await ask<{ consumers?: ConsumerDescription[] | null }>(`CONSUMER.LIST.${stream}`)).consumers ?? [];
  return {
    ask,
    consumersOf,
    makeStream: (name: string, config: object) => ask(`STREAM.CREATE.${name}`, { name, ...config }),
  };
}

contract(
  'streams and consumers',
  (t) => {
    describe("with streams: 'require'", () => {
      const driver = jetstream({ streams: 'require' });

      it('refuses an event for which there is no stream, at once and for good, and says what is missing', async () => {
        const client = await t.client({ driver });
        await expect(client.emitAsync(fresh('orders'), 1)).rejects.toMatchObject({
          code: 'STAN_PUBLISH_REFUSED',
          retryable: false,
          mayBeStored: false,
          message: expect.stringMatching(/no stream holds "orders.*streams: 'require' does not create one/) as string,
        });
      });

      it('fails the start of a handler whose subject has no stream', async () => {
        const listening = t.app({
          server: { driver },
          controllers: [listenerFor(fresh('orders'), {}, () => undefined)],
        });
        await expect(listening).rejects.toBeInstanceOf(SubscribeFailedError);
        await expect(listening).rejects.toMatchObject({
          message: expect.stringContaining('no stream holds') as string,
        });
      });

      it("works on the operator's stream as it is: another name, a wildcard, other limits", async () => {
        const { makeStream, ask } = await operatorOf(t);
        const [prefix, name] = [fresh('shop'), fresh('ALL')];
        const config = { subjects: [`${prefix}.>`], max_msgs: 1_000, storage: 'memory' };
        await makeStream(name, config);
        const seen = new Recorder<number>();
        const subject = `${prefix}.orders.created`;
        await t.app({
          server: { driver },
          controllers: [listenerFor(subject, durableQueue('orders'), (id: number, context) => seen.add(id, context))],
        });
        const client = await t.client({ driver });
        await client.emitAsync(`${prefix}.else`, 'of no interest');
        await emitAll(client, subject, upTo(20));
        await eventually(() => expect(seen.data).toEqual(upTo(20)));
        // Sequences are the stream's: the first of its events went to another subject.
        expect(seen.sequences[0]).toBe(2);
        const info = await ask<{ config: object }>(`STREAM.INFO.${name}`);
        expect(info.config).toMatchObject(config);
      });
    });

    it('makes a stream for each subject, as the options say', async () => {
      const subject = fresh('orders.eu');
      const stream = { maxAgeMs: 3_600_000, maxMessages: 500, maxBytes: 1_000_000, duplicateWindowMs: 60_000 };
      const name = fresh('EU');
      await (await t.client({ driver: jetstream({ stream, streamName: () => name }) })).emitAsync(subject, 1);
      const { ask } = await operatorOf(t);
      expect((await ask<{ config: object }>(`STREAM.INFO.${name}`)).config).toMatchObject({
        ...{ subjects: [subject], max_age: 3_600e9, max_msgs: 500, max_bytes: 1_000_000, duplicate_window: 60e9 },
        ...{ storage: 'file', retention: 'limits', discard: 'old', num_replicas: 1 },
      });
    });

    it('keeps the consumer of a subscription without a durable over a restart of the server, and removes it at its end', async () => {
      const [subject, seen] = [fresh('orders'), new Recorder<number>()];
      const client = await t.client();
      const app = await t.app({
        controllers: [listenerFor(subject, {}, (id: number, context) => seen.add(id, context))],
      });
      await emitAll(client, subject, upTo(3));
      await eventually(() => seen.count === 3);
      const { consumersOf } = await operatorOf(t);
      const stream = streamOf(subject);
      const [before] = await consumersOf(stream);
      expect(before!.config.inactive_threshold).toBe(300e9);

      await t.broker.restart({ state: 'kept' });
      await eventually(() => emitAll(client, subject, [3, 4]).then(() => true), { timeoutMs: 20_000 });
      await eventually(() => expect(seen.data).toEqual(upTo(5)), { timeoutMs: 20_000 });
      // The operator's own connection comes back when it does.
      const after = await eventually(() => consumersOf(stream), { what: 'the consumers' });
      expect(after).toMatchObject([{ name: before!.name, created: before!.created }]);
      await app.close();
      expect(await consumersOf(stream)).toEqual([]);
    });

    it('removes the consumer of a group without a durable with its last member, and not before', async () => {
      const subject = fresh('orders');
      const start = () => t.app({ controllers: [listenerFor(subject, { queueGroup: 'workers' }, () => undefined)] });
      const [one, other] = [await start(), await start()];
      const { consumersOf } = await operatorOf(t);
      const stream = streamOf(subject);
      await one.close();
      expect(await consumersOf(stream)).toHaveLength(1);
      await other.close();
      expect(await consumersOf(stream)).toEqual([]);
    });

    it('makes a consumer again that was deleted under it, and handles on from where it was', async () => {
      const [subject, seen] = [fresh('orders'), new Recorder<number>()];
      const client = await t.client();
      await t.app({
        controllers: [
          listenerFor(subject, { durableName: 'audit', startAt: 'first' }, (id: number, context) =>
            seen.add(id, context),
          ),
        ],
      });
      await emitAll(client, subject, upTo(3));
      await eventually(() => seen.count === 3);
      const { ask, consumersOf } = await operatorOf(t);
      const stream = streamOf(subject);
      const [{ name }] = (await consumersOf(stream)) as [ConsumerDescription];
      await ask(`CONSUMER.DELETE.${stream}.${name}`);
      await emitAll(client, subject, [3, 4]);
      await eventually(() => expect(seen.data).toEqual(upTo(5)), { timeoutMs: 20_000 });
      expect(await consumersOf(stream)).toMatchObject([{ name }]);
    });

    it('makes a stream again that was deleted under it, and neither publishing nor reading ends', async () => {
      const [subject, seen] = [fresh('orders'), new Recorder<number>()];
      const client = await t.client();
      await t.app({
        controllers: [listenerFor(subject, durableQueue('orders'), (id: number, context) => seen.add(id, context))],
      });
      await emitAll(client, subject, upTo(3));
      await eventually(() => seen.count === 3);
      const { ask } = await operatorOf(t);
      await ask(`STREAM.DELETE.${streamOf(subject)}`);
      await emitAll(client, subject, [3, 4, 5]);
      await eventually(() => expect(seen.data).toEqual(upTo(6)), { timeoutMs: 20_000 });
      expect(seen.sequences.slice(3)).toEqual([1, 2, 3]);
    });

    it('waits for a consumer that is being migrated, and reads from it once it is ready', async () => {
      const [subject, seen, logger] = [fresh('orders'), new Recorder<number>(), collectingLogger()];
      const client = await t.client();
      await emitAll(client, subject, upTo(3));
      const { ask } = await operatorOf(t);
      const [stream, name] = [streamOf(subject), `orders_7c_orders_7c_${streamOf(subject)}`];
      const config = {
        ...{ durable_name: name, name, ack_policy: 'explicit', ack_wait: 30e9, max_ack_pending: -1, max_deliver: -1 },
        ...{ deliver_policy: 'all', filter_subject: subject, metadata: { 'nestjs-stan.stage': 'preparing' } },
      };
      const put = (action: 'create' | 'update', more: object) =>
        ask(`CONSUMER.CREATE.${stream}.${name}.${subject}`, {
          stream_name: stream,
          action,
          config: { ...config, ...more },
        });
      await put('create', {});
      const listening = t.app({
        server: { reconnect: { initialDelayMs: 50, maxDelayMs: 100 } },
        configure: (app) => app.useLogger(logger),
        controllers: [listenerFor(subject, durableQueue('orders'), (id: number, context) => seen.add(id, context))],
      });
      await eventually(() => logger.lines.some(({ text }) => text.includes('is being migrated')), { what: 'the wait' });
      expect(seen.count).toBe(0);
      await put('update', { metadata: { 'nestjs-stan.stage': 'ready' } });
      await listening;
      await eventually(() => expect(seen.data).toEqual(upTo(3)));
    });

    it('leaves the events of a live reader alone where a second process takes the same client id and durable', async () => {
      const [subject, clientId] = [fresh('orders'), fresh('service')];
      const holds = new Recorder<number>();
      const options = { durableName: 'audit', startAt: 'first', ackMode: 'manual', maxInFlight: 10 } as const;
      await t.app({
        server: { clientId },
        controllers: [listenerFor(subject, options, (id: number, context) => holds.add(id, context))],
      });
      await emitAll(await t.client(), subject, upTo(3));
      await eventually(() => holds.count === 3);
      const second = new Recorder<number>();
      await t.app({
        server: { clientId },
        controllers: [listenerFor(subject, options, (id: number, context) => second.add(id, context))],
      });
      await t.pass(500);
      expect([holds.count, second.count]).toEqual([3, 0]);
    });
  },
  { clock: 'real', needs: ['nack'] },
);

function streamOf(subject: string): string {
  return subject.replace(/[^A-Za-z0-9-]/gu, (it) => `_${(it.codePointAt(0) ?? 0).toString(16)}_`);
}
