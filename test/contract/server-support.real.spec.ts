import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { brokers, describeBrokers } from '../support/brokers.js';
import { cleanUpAfterTest } from '../support/cleanup.js';
import { startRealServer } from '../support/real-server.js';
import { eventually, quietFor } from '../support/wait.js';

const realOnly = brokers.filter(({ name }) => name === 'real');

describeBrokers(
  'the real server under test',
  () => {
    it('comes back on the same port after a kill, with or without state', async () => {
      const server = await startRealServer();
      const { url } = server;
      await server.restart();
      expect(server.url).toBe(url);
      await server.restart({ state: 'lost' });
      expect(server.url).toBe(url);
      expect(server.log.filter((line) => line.includes('Streaming Server is ready'))).toHaveLength(3);
      expect(server.log.filter((line) => line.includes('No recovered state'))).toHaveLength(2);
    });

    it('answers nothing while it is frozen', async () => {
      const server = await startRealServer({ store: 'memory' });
      let heard = '';
      await server.freeze();
      const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
      socket.on('error', () => undefined).on('data', (chunk: string) => (heard += chunk));
      cleanUpAfterTest(() => socket.destroy());
      await quietFor(100);
      expect(heard).toBe('');
      server.thaw();
      await eventually(() => heard.startsWith('INFO '), { what: 'the greeting' });
    });

    it('takes two servers at once, each on ports of its own', async () => {
      const [one, two] = await Promise.all([startRealServer(), startRealServer()]);
      expect(new Set([one.port, two.port, one.monitoringUrl, two.monitoringUrl]).size).toBe(4);
    });
  },
  realOnly,
);
