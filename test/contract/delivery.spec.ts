import type { Message } from 'node-nats-streaming';
import type { StartAt } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { contract, emitAll, listenerFor, Recorder, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { eventually, quietFor } from '../support/wait.js';

contract('delivery', (t) => {
  it('A1 hands each of 100 events to the handler with its data, subject, sequence and time, not redelivered', async () => {
    const subject = fresh('orders');
    const seen: { data: unknown; raw: string; subject: string; sequence: number; time: Date; redelivered: boolean }[] =
      [];
    const listener = listenerFor(subject, { startAt: 'first' }, (data, context) => {
      seen.push({
        data,
        raw: context.getRawData().toString(),
        subject: context.getSubject(),
        sequence: context.getSequence(),
        time: context.getTimestamp(),
        redelivered: context.isRedelivered(),
      });
    });
    await t.app({ controllers: [listener] });
    const values = upTo(100).map((id) => ({ id, name: `order ${id} – ünïcode ☂` }));
    await emitAll(await t.client(), subject, values);

    await eventually(() => expect(seen).toHaveLength(100), { what: '100 events' });
    expect(seen.map(({ data }) => data)).toEqual(values);
    expect(seen.map(({ raw }) => raw)).toEqual(values.map((value) => JSON.stringify(value)));
    expect(new Set(seen.map((one) => one.subject))).toEqual(new Set([subject]));
    expect(seen.map(({ sequence }) => sequence)).toEqual(upTo(100).map((index) => index + 1));
    expect(seen.some(({ redelivered }) => redelivered)).toBe(false);
    for (const { time } of seen) expect(time).toBeInstanceOf(Date);
    await eventually(async () => expect(await t.broker.facts.pendingCount(subject)).toBe(0), { what: 'all acks' });
  });

  it('A1 writes the JSON of the data alone, which any other STAN client reads', async () => {
    const subject = fresh('orders');
    const client = await t.client();
    const receipt = await client.emitAsync(subject, { id: 7, tags: ['a', null] });
    expect(receipt).toMatchObject({ subject, guid: expect.stringMatching(/.+/) as string });

    const messages = await (await t.rawClient()).readAll(subject);
    await eventually(() => messages.length === 1);
    expect((messages[0] as Message).getRawData().toString()).toBe('{"id":7,"tags":["a",null]}');
  });

  t.only('stanWire', "A1 gives the driver's own message, and bytes that a handler may change", async () => {
    const subject = fresh('orders');
    const native: Message[] = [];
    const raw: string[] = [];
    const listener = listenerFor(subject, { startAt: 'first' }, (_data, context) => {
      native.push(context.getMessage<Message>());
      raw.push(context.getRawData().fill('x').toString(), context.getRawData().toString());
    });
    await t.app({ controllers: [listener] });
    await (await t.client()).emitAsync(subject, 'ü');
    const theirs = await (await t.rawClient()).readAll(subject);
    const facts = (message: Message | undefined) => ({
      subject: message?.getSubject(),
      sequence: message?.getSequence(),
      raw: message?.getRawData().toString('hex'),
      data: message?.getData(),
      time: message?.getTimestamp(),
      redelivered: message?.isRedelivered(),
      crc32: message?.getCrc32(),
    });
    await eventually(() => expect([native, theirs].map((list) => list.length)).toEqual([1, 1]));
    expect(facts(native[0])).toEqual(facts(theirs[0]));
    expect(raw).toEqual(['xxxx', '"ü"']);
  });

  t.only('stanWire', 'A1 drops bytes on its inbox that are no STAN message, says so, and goes on', async () => {
    const subject = fresh('orders');
    const seen: unknown[] = [];
    const { server } = await t.app({
      controllers: [listenerFor(subject, { startAt: 'first' }, (data) => seen.push(data))],
    });
    const warnings: { code: string; about: unknown }[] = [];
    server.on('warning', ({ error }) => warnings.push({ code: error.code, about: Reflect.get(error, 'subject') }));
    const native = server.unwrap<{ subMap: object; nc: { publish(subject: string, body: string): void } }>();
    const [inbox = ''] = Object.keys(native.subMap);
    for (const garbage of ['no message', '', '\u00ff']) native.nc.publish(inbox, garbage);
    await (await t.client()).emitAsync(subject, 'fine');
    await eventually(() => expect([seen, warnings.length]).toEqual([['fine'], 3]));
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['STAN_MALFORMED_MESSAGE']));
    expect(new Set(warnings.map(({ about }) => about))).toEqual(new Set([subject]));
  });

  it('A3 hands 5 000 events to 50 members of one queue group, together exactly all of them', async () => {
    const subject = fresh('orders');
    const queueGroup = fresh('workers');
    const perMember = upTo(50).map(() => [] as number[]);
    // ten apps with five handlers each would clash on one queue group, so: ten apps in five rounds
    await Promise.all(
      perMember.map((mine) =>
        t.app({
          controllers: [listenerFor(subject, { queueGroup, startAt: 'first' }, (id: number) => void mine.push(id))],
        }),
      ),
    );
    await emitAll(await t.client(), subject, upTo(5_000));

    await eventually(() => expect(perMember.flat()).toHaveLength(5_000), { what: '5 000 events', timeoutMs: 30_000 });
    expect([...perMember.flat()].sort((a, b) => a - b)).toEqual(upTo(5_000));
  });

  it('A4 keeps 20 channels apart that are used in parallel', async () => {
    const subjects = upTo(20).map((index) => fresh(`channel${index}`));
    const seen = new Map(subjects.map((subject) => [subject, [] as unknown[]]));
    await t.app({
      controllers: subjects.map((subject) =>
        listenerFor(subject, { startAt: 'first' }, (data) => void seen.get(subject)?.push(data)),
      ),
    });
    const client = await t.client();
    await Promise.all(
      subjects.map((subject) =>
        emitAll(
          client,
          subject,
          upTo(50).map((id) => `${subject}/${id}`),
        ),
      ),
    );

    await eventually(() => expect([...seen.values()].flat()).toHaveLength(1_000), { what: '1 000 events' });
    for (const subject of subjects) expect(seen.get(subject)).toEqual(upTo(50).map((id) => `${subject}/${id}`));
  });
});

contract(
  'start positions',
  (t) => {
    const startPositions: readonly [title: string, startAt: (middle: Date) => StartAt, expected: readonly number[]][] =
      [
        ['new events alone', () => 'new', [6]],
        ['the last stored event', () => 'lastReceived', [5, 6]],
        ['the first event', () => 'first', [1, 2, 3, 4, 5, 6]],
        ['a sequence', () => ({ sequence: 4 }), [4, 5, 6]],
        ['a point in time', (middle) => ({ time: middle }), [4, 5, 6]],
        ['a time ago', (middle) => ({ agoMs: Date.now() - middle.getTime() }), [4, 5, 6]],
      ];

    it.each(startPositions)('A8 starts at %s', async (_, startAt, expected) => {
      const subject = fresh('orders');
      const client = await t.client();
      for (const id of [1, 2, 3]) await client.emitAsync(subject, id);
      await quietFor(300);
      const middle = new Date();
      // A time ago counts from the subscribe request, so the start of the app must fit in here.
      const position = startAt(middle);
      await quietFor(typeof position === 'object' && 'agoMs' in position ? 2_000 : 300);
      for (const id of [4, 5]) await client.emitAsync(subject, id);

      const seen = new Recorder<number>();
      await t.app({
        controllers: [listenerFor(subject, { startAt: startAt(middle) }, (id: number, c) => seen.add(id, c))],
      });
      await client.emitAsync(subject, 6);
      await eventually(() => expect(seen.data).toContain(6), { what: 'the last event' });
      expect(seen.data).toEqual(expected);
    });

    it('A8 goes on where a durable stopped, whatever the start position says', async () => {
      const subject = fresh('orders');
      const [clientId, durableName] = [fresh('service'), fresh('durable')];
      const seen = new Recorder<number>();
      const session = (startAt: StartAt) =>
        t.app({
          server: { clientId },
          controllers: [listenerFor(subject, { durableName, startAt }, (id: number, c) => seen.add(id, c))],
        });
      const client = await t.client();
      const first = await session('first');
      await emitAll(client, subject, [1, 2]);
      await eventually(() => seen.count === 2);
      await first.close();
      await emitAll(client, subject, [3, 4]);
      await session('new');
      await eventually(() => seen.count >= 4, { what: 'what came in between' });
      expect(seen.data).toEqual([1, 2, 3, 4]);
    });

    it('A8 takes one start position and no more', async () => {
      const both = { sequence: 3, time: new Date() } as never;
      const listener = listenerFor(fresh('orders'), { startAt: both }, () => undefined);
      await expect(t.app({ controllers: [listener] })).rejects.toMatchObject({ code: 'STAN_INVALID_OPTION' });
    });
  },
  { clock: 'real' },
);
