import 'reflect-metadata';
import { type as ark } from 'arktype';
import { Type } from 'class-transformer';
import { IsInt, IsNumber, IsOptional, IsString, Validate, ValidateNested, ValidatorConstraint } from 'class-validator';
import fc from 'fast-check';
import { declareEvents, defineEvents, EventContract, firstVersion, payload } from 'nestjs-stan';
import type { PayloadSchema } from 'nestjs-stan';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

class Seat {
  @IsString()
  readonly row!: string;
}

class TicketDto {
  @IsString()
  readonly id!: string;

  @IsNumber()
  readonly price!: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => Seat)
  readonly seat?: Seat;
}

const zodTicket = z.object({ id: z.string(), price: z.number(), seat: z.object({ row: z.string() }).optional() });
const libraries: Readonly<Record<string, PayloadSchema>> = {
  zod: zodTicket,
  valibot: v.object({ id: v.string(), price: v.number(), seat: v.optional(v.object({ row: v.string() })) }),
  arktype: ark({ id: 'string', price: 'number', 'seat?': { row: 'string' } }),
  'class-validator': TicketDto,
};

const issuesOf = (refused: Promise<unknown>) =>
  refused.then(
    () => undefined,
    (error: unknown) => (error as { issues: { path: string }[] }).issues.map(({ path }) => path),
  );

describe('a contract', () => {
  it('gives the same outcome with zod, valibot, arktype and class-validator [C15]', async () => {
    const part = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.boolean());
    const anything = fc.record(
      { id: part, price: part, seat: fc.oneof(fc.record({ row: part }), part) },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(anything, async (data) => {
        // class-validator's @IsOptional() takes null as well, which the others do not.
        fc.pre(data.seat !== null);
        const outcomes = await Promise.all(
          Object.entries(libraries).map(async ([name, schema]) => {
            const contract = defineEvents({ ticket: schema });
            return [name, (await issuesOf(contract.check('ticket', data))) === undefined] as const;
          }),
        );
        expect(new Set(outcomes.map(([, isValid]) => isValid))).toHaveProperty('size', 1);
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.entries(libraries))('names the path of what is wrong: %s', async (_name, schema) => {
    const contract = defineEvents({ ticket: schema });
    const paths = await issuesOf(contract.check('ticket', { id: '1', price: 'free', seat: { row: 4 } }));
    expect(paths).toEqual(expect.arrayContaining(['price', 'seat.row']));
  });

  it('reads a DTO as an instance, without what the class does not declare', async () => {
    const given = { id: '1', price: 2, seat: { row: 'A', secret: 1 }, extra: true };
    const ticket = await defineEvents({ ticket: TicketDto }).read('ticket', given);
    expect(ticket).toBeInstanceOf(TicketDto);
    expect(ticket.seat).toBeInstanceOf(Seat);
    expect(JSON.parse(JSON.stringify(ticket))).toEqual({ id: '1', price: 2, seat: { row: 'A' } });
  });

  it('waits for validators of a DTO that work asynchronously', async () => {
    @ValidatorConstraint({ async: true })
    class NeverValid {
      async validate(): Promise<boolean> {
        return false;
      }
    }
    class Checked {
      @Validate(NeverValid)
      readonly id!: string;
    }
    expect(await issuesOf(defineEvents({ x: Checked }).check('x', { id: '1' }))).toEqual(['id']);
  });

  it('sends the data of its caller, untouched, and the version only from 2 on [C7]', () => {
    const one = defineEvents({ x: z.object({ at: z.string().transform((text) => new Date(text)) }) });
    const given = { at: '2026-01-01', more: 1 };
    expect(one.toWire('x', given)).toBe(given);

    const two = defineEvents({ x: firstVersion(payload<object>()).next(payload<object>(), (old) => old) });
    const data = Object.freeze({ id: 1 });
    expect(two.toWire('x', data)).toEqual({ id: 1, schemaVersion: 2 });
    expect(data).toEqual({ id: 1 });
  });

  it('refuses data that has the version field itself, and data that is no object where there are versions', async () => {
    const two = defineEvents({ x: firstVersion(payload<object>()).next(payload<object>(), (old) => old) });
    expect(await issuesOf(two.check('x', { schemaVersion: 1 }))).toEqual(['schemaVersion']);
    expect(await issuesOf(two.check('x', [] as never))).toEqual(['']);
    expect(await issuesOf(defineEvents({ x: payload<object>() }).check('x', { schemaVersion: 9 }))).toEqual([
      'schemaVersion',
    ]);
    const named = defineEvents({ x: payload<object>() }, { versionField: 'v' });
    expect(await issuesOf(named.check('x', { schemaVersion: 9 }))).toBeUndefined();
  });

  describe('with versions', () => {
    const v1 = z.object({ name: z.string() });
    const v2 = z.object({ title: z.string() });
    const v3 = z.object({ title: z.string(), price: z.number() });
    const contract = defineEvents({
      x: firstVersion(v1)
        .next(v2, ({ name }) => ({ title: name }))
        .next(v3, (old) => ({ ...old, price: 0 })),
    });

    it('reads every version as the newest [C10]', async () => {
      const newest = { title: 'opera', price: 0 };
      expect(await contract.read('x', { name: 'opera' })).toEqual(newest);
      expect(await contract.read('x', { name: 'opera', schemaVersion: 1 })).toEqual(newest);
      expect(await contract.read('x', { title: 'opera', schemaVersion: 2 })).toEqual(newest);
      expect(await contract.read('x', { title: 'opera', price: 3, schemaVersion: 3 })).toEqual({ ...newest, price: 3 });
    });

    it.each([0, '2', 1.5, null, -1, {}])('refuses %j as a version [C14]', async (schemaVersion) => {
      expect(await issuesOf(contract.read('x', { name: 'opera', schemaVersion }))).toEqual(['schemaVersion']);
    });

    it.each([[[1, 2]], ['text'], [null], [4]])('refuses %j, which is no object [C14]', async (data) => {
      expect(await issuesOf(contract.read('x', data))).toEqual(['']);
    });

    it('leaves a newer version to a process that knows it', async () => {
      await expect(contract.read('x', { schemaVersion: 4 })).rejects.toMatchObject({
        ...{ code: 'STAN_NEWER_EVENT_VERSION', received: 4, newest: 3, retryable: true },
      });
    });

    it('keeps what an upcast threw, and refuses what it made wrong [C11]', async () => {
      const thrown = new Error('no title');
      const failing = defineEvents({
        x: firstVersion(v1).next(v2, () => {
          throw thrown;
        }),
      });
      await expect(failing.read('x', { name: 'opera' })).rejects.toMatchObject({
        ...{ code: 'STAN_INVALID_PAYLOAD', cause: thrown, version: 2 },
      });
      const wrong = defineEvents({ x: firstVersion(v1).next(v2, () => ({ title: 5 }) as never) });
      expect(await issuesOf(wrong.read('x', { name: 'opera' }))).toEqual(['title']);
    });
  });

  it('refuses what cannot work where it is defined [C18]', () => {
    class Bare {
      readonly id = 1;
    }
    const cases: (() => unknown)[] = [
      () => defineEvents({ x: Bare }),
      () => defineEvents({}),
      () => defineEvents({ 'no spaces': payload<object>() }),
      () => defineEvents({ 'ticket.*': payload<object>() }),
      () => defineEvents({ x: 'string' as never }),
      () => defineEvents({ x: payload<object>() }, { versionField: '' }),
      () => defineEvents({ x: payload<object>() }, { versionField: '__proto__' }),
      () => defineEvents({ x: firstVersion(payload<object>()).next(payload<object>(), undefined as never) }),
    ];
    for (const define of cases)
      expect(define).toThrow(expect.objectContaining({ code: 'STAN_INVALID_OPTION', owner: 'defineEvents' }));
  });

  it('names the nearest subject for one that it does not have [C6]', async () => {
    const shop = defineEvents({ 'order:created': payload<object>(), 'ticket:created': payload<object>() });
    const some = shop.pick('order:created');
    expect(some.subjects).toEqual(['order:created']);
    await expect(some.check('order:create' as never, {} as never)).rejects.toMatchObject({
      ...{ code: 'STAN_SUBJECT_NOT_IN_CONTRACT', nearest: 'order:created' },
    });
    expect(() => shop.pick('order:creates' as never)).toThrow(/did you mean "order:created"/);
    expect(() => shop.EventPattern('toString' as never)).toThrow(/not a subject/);
  });

  it('keeps at most 20 issues, and cuts long ones', async () => {
    const item = z.object({ n: z.number({ error: 'x'.repeat(1_000) }) });
    const contract = defineEvents({ x: z.array(item) });
    const error = await contract
      .check('x', Array.from({ length: 50 }, () => ({ n: 'a' })) as never)
      .catch((e: unknown) => e);
    const { issues } = error as { issues: { message: string }[] };
    expect(issues).toHaveLength(20);
    expect(issues[0]?.message.length).toBeLessThan(310);
  });

  it('takes a schema that throws as one that refuses', async () => {
    const throwing = {
      '~standard': {
        version: 1,
        vendor: 'own',
        validate: () => {
          throw new Error('broken');
        },
      },
    } as const;
    const rejecting = {
      '~standard': { version: 1, vendor: 'own', validate: () => Promise.reject(new Error('broken')) },
    } as const;
    for (const schema of [throwing, rejecting])
      await expect(defineEvents({ x: schema as never }).check('x', {} as never)).rejects.toMatchObject({
        ...{ code: 'STAN_INVALID_PAYLOAD', issues: [{ message: expect.stringContaining('broken') as string }] },
      });
  });

  it('is free of any check when it is declared only', () => {
    expect(Object.keys(declareEvents<{ x: 1 }>())).toEqual(['EventPattern']);
    const standard = { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } as const;
    const schemaClass = Object.assign(
      function Schema() {
        return undefined;
      },
      { '~standard': standard },
    );
    expect(defineEvents({ x: schemaClass })).toBeInstanceOf(EventContract);
  });

  it('checks whole numbers as the class says', async () => {
    class Counted {
      @IsInt()
      readonly count!: number;
    }
    expect(await issuesOf(defineEvents({ x: Counted }).check('x', { count: 1.5 }))).toEqual(['count']);
  });
});
