import { describe, expect, it } from 'vitest';
import { runDeadLetters } from '../../../lib/cli/dead-letters/run-dead-letters.js';
import type { DeadLetter } from '../../../lib/core/dead-letters/dead-letter.js';
import { encodeDeadLetter, encodePayload } from '../../../lib/core/dead-letters/dead-letter.js';
import { replaySubject } from '../../../lib/core/dead-letters/replay.js';
import type { Contract } from '../../support/contract.js';
import { contract } from '../../support/contract.js';
import { fresh } from '../../support/fresh.js';
import type { RawClient } from '../../support/raw-client.js';
import { testIo } from '../../support/test-io.js';

interface ListedEntry {
  readonly sequence: number;
  readonly state: string;
  readonly ageMs: number;
  readonly done?: { readonly to?: string; readonly by: string };
  readonly letter?: DeadLetter;
  readonly unreadable?: string;
}

contract('the dead-letters command', (t) => {
  describe('list', () => {
    it('tells that there are none, also where nobody has used the subject', async () => {
      const result = await run(t, ['list', '--subject', fresh('dead')]);
      expect(result).toMatchObject({ exitCode: 0, out: '' });
      expect(result.err).toContain('0 open, 0 done');
    });

    it('shows each with its number, age, event, service, handler, tries and cause', async () => {
      const { dead, event } = await shopWith(t, 2);
      const { out, err } = await run(t, ['list', '--subject', dead], { inMs: 90_000 });
      const lines = out.trimEnd().split('\n');
      expect(lines[0]).toMatch(/^SEQ +AGE +STATE +EVENT +SERVICE +HANDLER +TRIES +CAUSE$/);
      expect(lines[1]).toMatch(/^1 +1m \d+s +open +\S+ #1 +orders +Tickets\.created +5 +TypeError: price is missing$/);
      expect(lines[1]).toContain(event);
      expect(lines).toHaveLength(3);
      expect(err).toContain('2 open, 0 done');
    });

    it('shows bytes that are no dead letter, and reads on after them', async () => {
      const { dead, client } = await shopWith(t, 1);
      await client.publish(dead, 'not \u001b[31mours');
      await client.publish(dead, letterBytes({ sequence: 3 }));
      const entries = await list(t, dead);
      expect(entries.map(({ letter }) => letter?.sequence)).toEqual([1, undefined, 3]);
      expect(Buffer.from(entries[1]?.unreadable ?? '', 'base64').toString()).toContain('ours');
      expect((await run(t, ['list', '--subject', dead])).out).not.toContain('\u001b');
    });

    const selections = { list: [], show: ['1'], replay: ['--all'], drop: ['--all'] };
    for (const [command, selection] of Object.entries(selections)) {
      const title = `refuses with --monitoring a subject that nobody has used, and makes no channel: ${command}`;
      t.only('stanMonitoring', title, async () => {
        const typo = fresh('tpyo');
        const monitoring = ['--monitoring', t.broker.monitoringUrl];
        const result = await run(t, [command, ...selection, '--subject', typo, ...monitoring]);
        expect(result).toMatchObject({ exitCode: 1, out: '' });
        expect(result.err).toContain(`the server has no channel "${typo}"`);
        expect(await t.broker.facts.channel(typo)).toBeUndefined();
      });
    }

    it('asks the monitoring port of a STAN server only', async () => {
      const { dead } = await shopWith(t, 1);
      expect(await list(t, dead, '--monitoring', t.broker.monitoringUrl)).toHaveLength(1);
    });

    it('reads more than the server sends at once', async () => {
      const { dead } = await shopWith(t, 2_500);
      expect((await list(t, dead)).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 2_500 }, (_, i) => i + 1),
      );
    });
  });

  describe('show', () => {
    it('prints payload, stack and all facts of one', async () => {
      const { dead } = await shopWith(t, 2);
      const { out } = await run(t, ['show', '2', '--subject', dead]);
      for (const part of ['{"id":2}', 'at Tickets.created', 'orders-0', 'deliveries', '5']) expect(out).toContain(part);
      const json = JSON.parse((await run(t, ['show', '2', '--subject', dead, '--json'])).out) as ListedEntry;
      expect(json).toMatchObject({ sequence: 2, state: 'open', letter: { sequence: 2, service: 'orders' } });
    });

    it('fails where there is no such number', async () => {
      const { dead } = await shopWith(t, 1);
      expect(await run(t, ['show', '7', '--subject', dead])).toMatchObject({ exitCode: 1, out: '' });
    });
  });

  describe('replay', () => {
    it('sends the original bytes to the original subject, in order, and marks them as done', async () => {
      const { dead, event, client } = await shopWith(t, 3);
      const { exitCode, out } = await run(t, ['replay', '3', '1', '--subject', dead]);
      expect(exitCode).toBe(0);
      expect(out).toBe(`1 replayed to ${event} (8 bytes)\n3 replayed to ${event} (8 bytes)\n`);
      expect(await textsOn(t, client, event, 2)).toEqual(['{"id":1}', '{"id":3}']);
      expect((await list(t, dead)).map(({ sequence }) => sequence)).toEqual([2]);
      const all = await list(t, dead, '--all');
      expect(all.map(({ state }) => state)).toEqual(['replayed', 'open', 'replayed']);
      expect(all[0]?.done).toMatchObject({ to: event, by: expect.stringContaining('@') as string });
    });

    it('keeps bytes that are no text', async () => {
      const { dead, event, client } = await shopWith(t, 0);
      const bytes = Buffer.from([0, 255, 128]);
      await client.publish(dead, letterBytes({ subject: event, payload: encodePayload(bytes) }));
      await run(t, ['replay', '1', '--subject', dead]);
      const stored = await client.readAll(event);
      await t.eventually(() => stored.length === 1);
      expect(stored[0]?.getRawData()).toEqual(bytes);
    });

    it('with --handler sends the whole dead letter to the replay subject of the service, and the event subject gets nothing', async () => {
      const { dead, event, client } = await shopWith(t, 1);
      await run(t, ['replay', '--all', '--handler', '--subject', dead]);
      const [replayed] = await textsOn(t, client, replaySubject(dead), 1);
      expect(JSON.parse(replayed ?? '')).toMatchObject({
        subject: event,
        handler: 'Tickets.created',
        service: 'orders',
      });
      await client.publish(event, 'sentinel');
      expect(await textsOn(t, client, event, 1)).toEqual(['sentinel']);
      expect(await list(t, dead)).toEqual([]);
    });

    it('with --dry-run says what it would do and does nothing', async () => {
      const { dead, event, client } = await shopWith(t, 2);
      const { out } = await run(t, ['replay', '--all', '--dry-run', '--subject', dead]);
      expect(out).toContain(`would be: 1 replayed to ${event}`);
      await client.publish(event, 'sentinel');
      expect(await textsOn(t, client, event, 1)).toEqual(['sentinel']);
      expect(await list(t, dead)).toHaveLength(2);
    });

    it.each([
      ['list'],
      ['list', '--json'],
      ['show', '1'],
      ['show', '1', '--json'],
      ['replay', '1', '--dry-run'],
      ['replay', '1'],
    ])('lets nothing from an event steer the terminal or begin a line: %s %s', async (...command) => {
      const hostile = 'a\u001b[2J\u009b31m\u202e\r\nSEQ forged';
      const dead = fresh('dead');
      const client = await t.rawClient();
      const error = { name: hostile, message: hostile, stack: `${hostile}\n    at Tickets.created` };
      const payload = encodePayload(Buffer.from(hostile.replace('\n', '')));
      const facts = { subject: fresh('ticket'), service: hostile, handler: hostile, clientId: hostile };
      await client.publish(dead, letterBytes({ ...facts, error, payload, headers: { id: 'a\u009b31m\u202e' } }));
      const { out, err } = await run(t, [...command, '--subject', dead]);
      const printed = out + err;
      // eslint-disable-next-line no-control-regex -- control characters are what it looks for
      expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(printed.split('\n').filter((line) => line.startsWith('SEQ forged'))).toEqual([]);
      if (command.includes('--json')) expect(JSON.stringify(JSON.parse(out))).toContain(JSON.stringify(hostile));
    });

    it('takes a range, and only what is open in it', async () => {
      const { dead, event, client } = await shopWith(t, 5);
      await run(t, ['drop', '3', '--subject', dead]);
      await run(t, ['replay', '--from', '2', '--to', '4', '--subject', dead]);
      expect(await textsOn(t, client, event, 2)).toEqual(['{"id":2}', '{"id":4}']);
      expect((await list(t, dead)).map(({ sequence }) => sequence)).toEqual([1, 5]);
    });

    it('takes one that is done only when asked to once more', async () => {
      const { dead, event, client } = await shopWith(t, 1);
      await run(t, ['replay', '1', '--subject', dead]);
      const second = await run(t, ['replay', '1', '--subject', dead]);
      expect(second.exitCode).toBe(1);
      expect(second.err).toMatch(/1 was replayed at .* by .*--again/);
      await run(t, ['replay', '1', '--again', '--subject', dead]);
      expect(await textsOn(t, client, event, 2)).toEqual(['{"id":1}', '{"id":1}']);
    });

    it('refuses what it cannot send, before it sends anything', async () => {
      const { dead, event, client } = await shopWith(t, 1);
      await client.publish(dead, 'not ours');
      expect(await run(t, ['replay', '--all', '--subject', dead])).toMatchObject({ exitCode: 1 });
      await client.publish(event, 'sentinel');
      expect(await textsOn(t, client, event, 1)).toEqual(['sentinel']);
    });

    it('prints JSON for programs', async () => {
      const { dead, event } = await shopWith(t, 1);
      const { out } = await run(t, ['replay', '1', '--json', '--subject', dead]);
      expect(JSON.parse(out)).toEqual({ dryRun: false, steps: [{ sequence: 1, action: 'replayed', to: event }] });
    });
  });

  describe('drop', () => {
    it('marks as done, and sends nothing', async () => {
      const { dead, event, client } = await shopWith(t, 2);
      await client.publish(dead, 'not ours');
      expect(await run(t, ['drop', '1', '3', '--subject', dead])).toMatchObject({
        exitCode: 0,
        out: '1 dropped\n3 dropped\n',
      });
      expect((await list(t, dead)).map(({ sequence }) => sequence)).toEqual([2]);
      await client.publish(event, 'sentinel');
      expect(await textsOn(t, client, event, 1)).toEqual(['sentinel']);
    });
  });

  describe('two people at once', () => {
    t.only('clientIdIsExclusive', 'the second is refused while the first is at it', async () => {
      const { dead } = await shopWith(t, 1);
      const first = await t.rawClient(`nestjs-stan-dead-letters-${dead.replace(/[^a-zA-Z0-9_-]/g, '_')}`);
      const second = await run(t, ['drop', '1', '--subject', dead, '--timeout', '1000']);
      expect(second.exitCode).toBe(1);
      expect(second.err).toContain('already registered');
      await first.close();
      expect(await run(t, ['drop', '1', '--subject', dead])).toMatchObject({ exitCode: 0 });
    });
  });
});

async function run(t: Contract, argv: readonly string[], { inMs = 0 } = {}) {
  const io = testIo({
    env: { NATS_URL: t.broker.url, NATS_CLUSTER_ID: t.broker.clusterId, ...t.broker.cliEnv },
    now: new Date(Date.now() + inMs),
  });
  const exitCode = await runDeadLetters(argv, io);
  return { exitCode, out: io.out(), err: io.err() };
}

async function list(t: Contract, dead: string, ...more: string[]): Promise<ListedEntry[]> {
  const { exitCode, out, err } = await run(t, ['list', '--json', '--subject', dead, ...more]);
  expect(exitCode, err).toBe(0);
  return JSON.parse(out) as ListedEntry[];
}

/** A service's dead-letter subject with so many dead letters of one event subject. */
async function shopWith(t: Contract, count: number) {
  const dead = fresh('dead');
  const event = fresh('ticket');
  const client = await t.rawClient();
  for (let sequence = 1; sequence <= count; sequence += 1) {
    await client.publish(
      dead,
      letterBytes({ subject: event, sequence, payload: encodePayload(Buffer.from(`{"id":${sequence}}`)) }),
    );
  }
  return { dead, event, client };
}

function letterBytes(facts: Partial<DeadLetter>): Buffer {
  return encodeDeadLetter({
    version: 1,
    subject: 'ticket:created',
    sequence: 1,
    timestamp: '2026-01-01T00:00:00.000Z',
    deliveries: 5,
    failedAt: '2026-01-01T00:01:00.000Z',
    error: {
      name: 'TypeError',
      message: 'price is missing',
      stack: 'TypeError: price is missing\n    at Tickets.created',
    },
    handler: 'Tickets.created',
    service: 'orders',
    clientId: 'orders-0',
    payload: encodePayload(Buffer.from('{}')),
    ...facts,
  });
}

/** The first messages of a channel, once so many are there. */
async function textsOn(t: Contract, client: RawClient, subject: string, count: number): Promise<string[]> {
  const messages = await client.readAll(subject);
  await t.eventually(() => messages.length >= count, { what: `${count} messages on ${subject}` });
  return messages.map((message) => message.getRawData().toString('utf8'));
}
