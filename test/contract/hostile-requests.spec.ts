import { connect } from 'node:net';

import { describe, expect, it } from 'vitest';

import { cleanUpAfterTest } from '../support/cleanup.js';
import { contract } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import type { PeerBroker } from '../unit/broker/support/stan-peer.js';
import { StanPeer } from '../unit/broker/support/stan-peer.js';

contract(
  'a request that no client library sends',
  (t) => {
    /** The broker, for peers that speak the protocol by hand over a socket. */
    const wire = (): PeerBroker => ({
      clusterId: t.broker.clusterId,
      handle: (stream) => {
        const socket = connect(t.broker.port, '127.0.0.1');
        cleanUpAfterTest(() => socket.destroy());
        socket.on('error', () => undefined);
        stream.pipe(socket).pipe(stream);
      },
    });

    /** Connects a client that names this inbox for heartbeats; resolves with the error, empty for none. */
    const connectWith = async (heartbeatInbox: string, clientId = fresh('odd')): Promise<unknown> => {
      const peer = new StanPeer(clientId, wire());
      return (await peer.connect(1, heartbeatInbox)).get('error');
    };

    describe("with a heartbeat inbox that is one of the server's own subjects", () => {
      it('leaves a client that the server never finds dead, where the subject answers', async () => {
        const { clusterId } = t.broker;
        const subjects = [`_STAN.discover.${clusterId}`, `_STAN.pub.${clusterId}.x`, `_STAN.sub.${clusterId}`];
        const clientIds = subjects.map(() => fresh('odd'));
        for (const [index, subject] of subjects.entries()) {
          expect(await connectWith(subject, clientIds[index])).toBe('');
        }
        const silent = fresh('silent');
        expect(await connectWith('nobody.listens', silent)).toBe('');
        await t.eventually(async () => !(await t.broker.facts.clientIds()).includes(silent));
        expect(await t.broker.facts.clientIds()).toEqual(expect.arrayContaining(clientIds));
      });

      it('leaves one that the server finds dead, where it answers no empty message', async () => {
        const clientId = fresh('ping');
        await connectWith(`_STAN.ping.${t.broker.clusterId}`, clientId);
        await t.eventually(async () => !(await t.broker.facts.clientIds()).includes(clientId));
      });
    });

    describe('with a heartbeat inbox that would end its protocol line early', () => {
      it.each(['a b', 'x 7 0\r\n\r\nMSG bank.transfer 7 6\r\nforged'])(
        'is refused here, where the real server sends what it says: %j',
        async (inbox) => {
          const refusal = { embedded: 'stan: invalid connection request', real: '', jetstream: '' }[t.name];
          expect(await connectWith(inbox)).toBe(refusal);
        },
      );
    });

    it('with a client id of 2 100 characters takes nothing from the others', async () => {
      const other = await StanPeer.connected(fresh('other'), wire());
      const long = new StanPeer('x'.repeat(2_100), wire());
      expect((await long.connect()).get('error')).toBe('');
      const subject = fresh('long');
      expect([await long.publish(subject), await other.publish(subject)]).toEqual(['', '']);
      expect(await t.broker.facts.storedCount(subject)).toBe(2);
    });
  },
  { needs: ['stanWire'], heartbeat: { intervalMs: 100, timeoutMs: 100, failCount: 2 } },
);
