import { beforeAll, describe, expect, it } from 'vitest';
import { describeBrokers } from '../support/brokers.js';
import { fresh } from '../support/fresh.js';
import { goClient, pythonClient } from './toolchains.js';

/** The official clients of other languages, as they are, against both brokers. */
const inCi = process.env['CI'] === 'true';

const counted = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** What each of the clients says of the same course of things, see go/main.go and python/client.py. */
const expectedFacts = {
  published: 10,
  'first sequences': counted(1, 10),
  'first payloads': counted(1, 10).map((number) => `event ${number}`),
  'resumed sequences': [8, 9, 10, 11],
  'resumed redelivered': [true, true, true, false],
  'group count': 6,
  done: true,
};

describe.each([
  { client: goClient, more: { 'publish refused': true, 'second client refused': 'stan: clientID already registered' } },
  { client: pythonClient, more: {} },
])('$client.name', async ({ client, more }) => {
  const isAvailable = await client.isAvailable();
  if (!isAvailable && inCi) throw new Error(`${client.tool} is missing in CI`);
  const title = isAvailable ? 'publishes, subscribes, resumes a durable' : `(skipped: no ${client.tool} here)`;

  describe.skipIf(!isAvailable)(title, () => {
    beforeAll(() => client.prepare(), 500_000);

    describeBrokers('against', (row) => {
      it('sees what it would see on the real server', { timeout: 120_000 }, async () => {
        const broker = await row.start({ clock: 'real' });
        const seen = await client.play(broker.url, broker.clusterId, fresh('foreign'));
        expect(seen).toEqual({ ...expectedFacts, ...more });
      });
    });
  });
});
