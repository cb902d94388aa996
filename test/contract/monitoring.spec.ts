import { describe, expect, it } from 'vitest';
import { StanMonitoring } from '../../lib/monitoring/index.js';
import { contract } from '../support/contract.js';
import { fresh } from '../support/fresh.js';

contract(
  'monitoring client',
  (t) => {
    const monitoring = () => new StanMonitoring({ url: t.broker.monitoringUrl });

    describe('server and store', () => {
      it('are told with the cluster id, the version and the limits', async () => {
        expect(await monitoring().serverz()).toMatchObject({ cluster_id: t.broker.clusterId, state: 'STANDALONE' });
        const { limits, total_msgs } = await monitoring().storez();
        expect(limits.max_channels).toBe(0);
        expect(total_msgs).toBeGreaterThanOrEqual(0);
      });
    });

    describe('a channel with a durable queue group', () => {
      it('is told with its messages and its subscription, and is in the list', async () => {
        const subject = fresh('monitored');
        const client = await t.rawClient();
        await client.publish(subject, 'one');
        const options = client.stan
          .subscriptionOptions()
          .setDurableName('d')
          .setManualAckMode(true)
          .setDeliverAllAvailable();
        client.stan.subscribe(subject, 'g', options);
        const channel = await t.eventually(async () => {
          const found = await monitoring().channelz(subject, { subscriptions: true });
          return found?.subscriptions?.[0]?.pending_count === 1 && found;
        });
        expect(channel).toMatchObject({ name: subject, msgs: 1, first_seq: 1, last_seq: 1, subs_count: 1 });
        expect(channel.subscriptions).toMatchObject([
          { client_id: client.clientId, queue_name: 'd:g', is_durable: true, is_offline: false, last_sent: 1 },
        ]);
        expect((await monitoring().channelsz()).names).toContain(subject);
        const names: string[] = [];
        for await (const { name } of monitoring().channels()) names.push(name);
        expect(names).toContain(subject);
      });

      it('is undefined where nobody has used it', async () => {
        expect(await monitoring().channelz(fresh('never'))).toBeUndefined();
      });
    });

    describe('a client', () => {
      it('is told by its id and is in the list; an unknown one is undefined', async () => {
        const client = await t.rawClient();
        expect(await monitoring().clientz(client.clientId)).toMatchObject({ id: client.clientId, subs_count: 0 });
        expect((await monitoring().clientsz()).clients.map(({ id }) => id)).toContain(client.clientId);
        const ids: string[] = [];
        for await (const { id } of monitoring().clients()) ids.push(id);
        expect(ids).toContain(client.clientId);
        expect(await monitoring().clientz(fresh('never'))).toBeUndefined();
      });
    });
  },
  { needs: ['stanMonitoring'] },
);
