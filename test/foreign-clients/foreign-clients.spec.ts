import { durableQueue } from 'nestjs-stan';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeBrokers } from '../support/brokers.js';
import { listenerFor } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { startStanApp, startStanClient } from '../support/stan-app.js';
import { eventually } from '../support/wait.js';
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

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Events with headers and without, as an app emits them, and what their handlers are to be shown. */
const withHeaders = [
  { data: { id: 1 }, options: undefined, expected: {} },
  {
    data: { id: 2, name: 'Zoë & “co” \u{1f3ab}' },
    options: { id: '01J-ü', key: 'order 7', headers: { traceparent, tenant: 'a&b=c' } },
    expected: { id: '01J-ü', key: 'order 7', traceparent, tenant: 'a&b=c' },
  },
  { data: [null, 'three'], options: { headers: { long: 'x'.repeat(4_000) } }, expected: { long: 'x'.repeat(4_000) } },
];

/** The field `reply` of the wire, which the other clients show or keep: the text form of the headers. */
function readReply(reply: string): URLSearchParams {
  const prefix = 'stan-headers/1?';
  expect(reply === '' || reply.startsWith(prefix)).toBe(true);
  return new URLSearchParams(reply.slice(prefix.length));
}

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

      it('[STAN-PUB-8] reads bare JSON of events with headers, also again, and gives its own none', async () => {
        const broker = await row.start({ clock: 'real' });
        const subject = fresh('exchange');
        const publisher = await startStanClient(broker);
        for (const { data, options } of withHeaders) await publisher.emitAsync(subject, data, options);
        const seen = await client.play(broker.url, broker.clusterId, subject, 'exchange', String(withHeaders.length));
        const payloads = withHeaders.map(({ data }) => JSON.stringify(data));
        expect(seen['payloads']).toEqual([...payloads, payloads.at(-1)]);
        const replies = (seen['replies'] as readonly string[]).map((reply) => Object.fromEntries(readReply(reply)));
        const sent = withHeaders.map(({ expected }) => expected);
        expect(replies).toEqual([...sent, sent.at(-1)]);

        const handled: unknown[] = [];
        const options = { ...durableQueue('orders'), startAt: 'first' as const };
        const listener = listenerFor(subject, options, (data, context) =>
          handled.push({ data, headers: Object.fromEntries(context.getHeaders()) }),
        );
        await startStanApp({ broker, controllers: [listener] });
        const from = client.name.split(',')[0];
        await eventually(() => handled.length === withHeaders.length + 2);
        expect(handled).toEqual([
          ...withHeaders.map(({ data, expected: headers }) => ({ data, headers })),
          ...[1, 2].map((id) => ({ data: { from, id }, headers: {} })),
        ]);
      });
    });
  });
});
