// A stream that does not ack, as one without a leader: here one that is configured so.
import type { NatsConnection } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { contract, emitAll, upTo } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';

contract(
  'a stream that does not ack',
  (t) => {
    it('JS-PUB-3 holds up no publish to another stream, although its own fill the window', async () => {
      const [silent, other] = [fresh('orders'), fresh('tickets')];
      const options = { maxPublishInFlight: 10, ackTimeoutMs: 200, publishTimeoutMs: 5_000 };
      const client = await t.client(options);
      await client.connect();
      const config = { name: silent.replaceAll(/\W/g, '_'), subjects: [silent], storage: 'memory', no_ack: true };
      const nats = client.unwrap<NatsConnection>();
      const made = await nats.request(`$JS.API.STREAM.CREATE.${config.name}`, JSON.stringify(config));
      expect(made.json()).not.toHaveProperty('error');
      const lost = Promise.allSettled(upTo(20).map((id) => client.emitAsync(silent, id)));
      await emitAll(client, other, upTo(200));
      expect(await t.broker.facts.storedCount(other)).toBe(200);
      const codes = (await lost).map((result) =>
        result.status === 'rejected' ? (result.reason as { code: string }).code : 'stored',
      );
      expect(new Set(codes)).toEqual(new Set(['STAN_PUBLISH_TIMEOUT']));
      // The silent one has taken nothing from those that came later.
      await client.emitAsync(other, 200);
    });
  },
  { clock: 'real', needs: ['nack'] },
);
