import { describe, expect, it } from 'vitest';
import { startRealServer, findRealServer } from '../../support/real-server.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { columnsOf, runDemo } from './run-demo.js';

const names = ['dead-client', 'fast-listener', 'twice', 'failing'] as const;

/** The row of the table in which the naive listener of a demo shows its harm. */
const harm: Readonly<Record<string, string>> = {
  'dead-client': 'lost',
  'fast-listener': 'out of order',
  twice: 'doubled',
  failing: 'lost',
};

const servers = [
  { title: 'on the embedded broker', start: async () => ({}), missing: false },
  {
    title: 'on a real nats-streaming-server',
    start: async () => {
      const server = await startRealServer({ store: 'memory' });
      cleanUpAfterTest(() => server.close());
      return { NATS_URL: server.url, NATS_CLUSTER_ID: server.clusterId };
    },
    missing: findRealServer() === undefined && process.env['CI'] !== 'true',
  },
];

describe('npm run demo', () => {
  for (const { title, start, missing } of servers) {
    it.skipIf(missing)(`shows four times the harm, then the cure: ${title}`, { timeout: 300_000 }, async () => {
      const { code, output } = await runDemo(['all'], await start());
      expect({ code, output }).toMatchObject({ code: 0 });
      const tables = output.split(/^(?=[a-z-]+: )/m).slice(1);
      expect(tables.map((text) => text.slice(0, text.indexOf(':')))).toEqual(names);
      for (const [index, name] of names.entries()) {
        const columns = columnsOf(tables[index] ?? '');
        const naive = columns.filter(({ kind }) => kind === 'naive');
        const guarded = columns.filter(({ kind }) => kind === 'guarded');
        expect(naive.length).toBeGreaterThan(0);
        expect(guarded.length).toBeGreaterThan(0);
        for (const { row } of naive) expect(Number(row(harm[name] ?? ''))).toBeGreaterThan(0);
        for (const { row } of guarded) {
          expect([row('lost'), row('doubled'), row('out of order'), row('clean')]).toEqual(['0', '0', '0', 'yes']);
          expect(row('applied')).toBe(row('events'));
        }
      }
    });
  }

  it('says what there is when it is asked for something else', async () => {
    const unknown = await runDemo(['thrice']);
    expect(unknown.code).toBe(2);
    expect(unknown.output).toContain("no demo 'thrice'");
    const none = await runDemo([]);
    expect(none.code).toBe(2);
    expect(none.output).toContain('dead-client | fast-listener | twice | failing | all');
  });
});
