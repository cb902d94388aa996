/* eslint-disable @typescript-eslint/no-extraneous-class -- modules without members */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { Ajv } from 'ajv';
import { Type } from 'class-transformer';
import { IsNumber, IsOptional, IsString, IsUUID, Min, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { defineEvents, durableQueue, firstVersion, payload, StanEventPattern, StanModule } from 'nestjs-stan';
import { createAsyncApiDocument, findBreakingChanges } from 'nestjs-stan/asyncapi';
import type { AsyncApiDocument, JsonSchema } from 'nestjs-stan/asyncapi';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fitsInto } from '../../../lib/asyncapi/schema-inclusion.js';

const specification = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0.json'), 'utf8'),
) as object;
const validate = new Ajv({
  strict: false,
  meta: false,
  validateSchema: false,
  allErrors: true,
  validateFormats: false,
}).compile(specification);

class Seat {
  @IsString()
  readonly row!: string;
}
class TicketV1 {
  @IsUUID()
  readonly id!: string;
}
class Ticket extends TicketV1 {
  @IsNumber()
  @Min(0)
  readonly price!: number;

  @IsOptional()
  @IsUUID()
  readonly orderId: string | null = null;

  @ValidateNested()
  @Type(() => Seat)
  readonly seat!: Seat;
}

interface Category {
  readonly name: string;
  readonly below: readonly Category[];
}
const category: z.ZodType<Category> = z.lazy(() => z.object({ name: z.string(), below: z.array(category) }));

const shop = defineEvents({
  'ticket:created': firstVersion(TicketV1).next(Ticket, (old) => ({
    ...old,
    price: 0,
    orderId: null,
    seat: { row: '' },
  })),
  'ticket.created': z.object({ id: z.string() }),
  'category:added': category,
  'order:cancelled': payload<{ readonly id: string }>(),
});

@Controller()
class Listener {
  @shop.EventPattern('ticket:created', { queueGroup: 'orders' })
  created(@Payload() _ticket: Ticket): void {
    // only described
  }

  @shop.EventPattern('ticket.created')
  other(): void {
    // only described
  }

  @StanEventPattern('plain:event')
  plain(): void {
    // has no contract
  }
}

@Module({
  imports: [
    StanModule.registerAsync({
      contract: shop.pick('ticket:created', 'category:added', 'order:cancelled'),
      useFactory: () => {
        throw new Error('a document starts nothing');
      },
    }),
  ],
  controllers: [Listener],
})
class AppModule {}

const describeApp = async (module: unknown = AppModule): Promise<AsyncApiDocument> => {
  const app = await NestFactory.createApplicationContext(module as never, { preview: true, logger: false });
  return createAsyncApiDocument(app, { info: { title: 'shop', version: '1.0.0' }, defaults: durableQueue('shop') });
};

const refsIn = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
const at = (document: unknown, ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>((place, part) => (place as Record<string, unknown>)[part], document);

describe('a document', () => {
  it('fits the schema of AsyncAPI 3.0.0, has no dangling reference, and is the same twice [C19, C21]', async () => {
    const document = await describeApp();
    expect(validate(document) ? [] : validate.errors).toEqual([]);
    for (const ref of refsIn(document)) expect(at(document, ref)).toBeDefined();
    expect(JSON.stringify(await describeApp())).toBe(JSON.stringify(document));
  });

  it('has a channel per subject, receive with all versions, send with the newest', async () => {
    const { channels, operations, components } = await describeApp();
    expect(
      Object.values(channels)
        .map(({ address }) => address)
        .sort(),
    ).toEqual([...['category:added', 'order:cancelled', 'plain:event', 'ticket.created', 'ticket:created']]);
    const received = operations['receive.Listener.created.ticket.created'];
    expect(received?.messages).toHaveLength(2);
    expect(received?.bindings).toEqual({ nats: { queue: 'orders' } });
    expect(operations['receive.Listener.other.ticket.created']?.bindings).toEqual({ nats: { queue: 'shop' } });
    expect(operations['send.default.ticket.created']?.messages).toHaveLength(1);
    expect(Object.values(components.messages).map((message) => message['x-schema-version'])).toContain(2);
  });

  it('lets null through where the class has @IsOptional(), and knows nested classes [C21]', async () => {
    const { components } = await describeApp();
    const schema = components.schemas['ticket.created.v2'] as { properties: Record<string, JsonSchema> };
    const document = { components, $ref: '#/components/schemas/ticket.created.v2' };
    const check = new Ajv({ strict: false, validateFormats: false }).compile(document);
    expect(check({ id: 'x', price: 1, orderId: null, seat: { row: 'A' } })).toBe(true);
    expect(check({ id: 'x', price: 1, orderId: null, seat: { row: 4 } })).toBe(false);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['id', 'orderId', 'price', 'seat']));
  });

  it('refuses a subject with a brace, and a schema that cannot be written', async () => {
    const braces = defineEvents({ 'a{b}': payload<object>() });
    class Braces {
      handle(): void {
        // only described
      }
    }
    braces.EventPattern('a{b}')(
      Braces.prototype,
      'handle',
      Object.getOwnPropertyDescriptor(Braces.prototype, 'handle') ?? {},
    );
    Controller()(Braces);
    class BraceModule {}
    Module({ controllers: [Braces] })(BraceModule);
    await expect(describeApp(BraceModule)).rejects.toMatchObject({ code: 'STAN_ASYNCAPI_FAILED' });

    class DateModule {}
    const dates = defineEvents({ d: z.object({ at: z.date() }) });
    Module({ imports: [StanModule.register({ clusterId: 'c', clientId: 'd', contract: dates })] })(DateModule);
    await expect(describeApp(DateModule)).rejects.toThrow(/"d".*Date/);
  });
});

const documentOf = (schema: JsonSchema) => ({ schema, document: { components: { messages: {}, schemas: {} } } });
const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)) => ({
  ...{ type: 'object', properties, required },
});

describe('what fits', () => {
  // Old, new, and whether what was sent under the old still fits the new (receive) and the other way round (send).
  it.each<[string, JsonSchema, JsonSchema, boolean, boolean]>([
    ['the same', object({ a: { type: 'string' } }), object({ a: { type: 'string', description: 'x' } }), true, true],
    ['a new optional property', object({}), object({ a: { type: 'string' } }, []), true, true],
    ['a new required property', object({}), object({ a: { type: 'string' } }), false, true],
    ['a property that is required no more', object({ a: true }), object({ a: true }, []), true, false],
    ['another type', object({ a: { type: 'number' } }), object({ a: { type: 'string' } }), false, false],
    ['integer to number', { type: 'integer' }, { type: 'number' }, true, false],
    ['null allowed now', { type: 'string' }, { anyOf: [{ type: 'string' }, { type: 'null' }] }, true, false],
    ['null allowed now, by type list', { type: 'string' }, { type: ['string', 'null'] }, true, false],
    ['one more value of a list', { enum: ['a'] }, { enum: ['a', 'b'] }, true, false],
    ['a list to any text', { enum: ['a', 'b'] }, { type: 'string' }, true, false],
    ['a higher minimum', { type: 'number', minimum: 1 }, { type: 'number', minimum: 2 }, false, true],
    ['a shorter maximum length', { type: 'string', maxLength: 9 }, { type: 'string', maxLength: 8 }, false, true],
    ['a new pattern', { type: 'string' }, { type: 'string', pattern: '^a' }, false, true],
    [
      'other items',
      { type: 'array', items: { type: 'string' } },
      { type: 'array', items: { type: 'number' } },
      false,
      false,
    ],
    ['anything to something', true, { type: 'object' }, false, true],
    [
      'no further properties',
      object({ a: true, b: true }),
      { ...object({ a: true }), additionalProperties: false },
      false,
      false,
    ],
    ['a keyword that cannot be judged', { type: 'string' }, { type: 'string', not: { const: 'a' } }, false, true],
  ])('%s', (_what, older, newer, forward, backward) => {
    expect(fitsInto(documentOf(older), documentOf(newer)).length === 0).toBe(forward);
    expect(fitsInto(documentOf(newer), documentOf(older)).length === 0).toBe(backward);
  });

  it('is never claimed of a schema that refuses a value of the other [C22]', () => {
    const ajv = new Ajv({ strict: false, validateSchema: false, addUsedSchema: false });
    const leaf = fc.oneof(
      ...[fc.constant({ type: 'string' }), fc.constant({ type: 'integer' }), fc.constant({ type: 'null' })],
      fc.integer({ min: -3, max: 3 }).map((minimum) => ({ type: 'number', minimum })),
      fc.subarray(['a', 'b', 'c'], { minLength: 1 }).map((values) => ({ enum: values })),
    );
    const schemas = fc.oneof(
      leaf,
      fc.tuple(leaf, leaf).map((anyOf) => ({ anyOf })),
      fc
        .tuple(leaf, leaf, fc.subarray(['x', 'y']))
        .map(([x, y, required]) => ({ ...{ type: 'object', properties: { x, y } }, required })),
    );
    const values = fc.oneof(
      fc.constantFrom('a', 'b', 'c', 'd', null, -4, -3, 0, 1.5, 3),
      fc.record({ x: fc.constantFrom('a', 1, null), y: fc.constantFrom('b', -3.5, null) }, { requiredKeys: [] }),
    );
    fc.assert(
      fc.property(schemas, schemas, fc.array(values, { minLength: 20, maxLength: 20 }), (narrow, wide, samples) => {
        fc.pre(fitsInto(documentOf(narrow), documentOf(wide)).length === 0);
        const [isNarrow, isWide] = [ajv.compile(narrow), ajv.compile(wide)];
        for (const sample of samples) if (isNarrow(sample)) expect(isWide(sample)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('changes between two documents', () => {
  const documentFor = async (events: unknown, received: boolean): Promise<AsyncApiDocument> => {
    const contract = events as typeof shop;
    class Handlers {
      handle(): void {
        // only described
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, 'handle') ?? {};
    if (received) contract.EventPattern('ticket:created')(Handlers.prototype, 'handle', descriptor);
    Controller()(Handlers);
    class Changed {}
    const imports = received ? [] : [StanModule.register({ clusterId: 'c', clientId: 'd', contract })];
    Module({ imports, controllers: received ? [Handlers] : [] })(Changed);
    return describeApp(Changed);
  };
  const v1 = z.object({ id: z.string() });
  const v2 = z.object({ id: z.string(), price: z.number() });

  it('a new version with an upcast breaks no publisher, and does break receivers of it [C23]', async () => {
    const older = defineEvents({ 'ticket:created': v1 });
    const newer = defineEvents({ 'ticket:created': firstVersion(v1).next(v2, (old) => ({ ...old, price: 0 })) });
    expect(findBreakingChanges(await documentFor(older, true), await documentFor(newer, true))).toEqual([]);
    const narrowed = defineEvents({ 'ticket:created': v2 });
    expect(findBreakingChanges(await documentFor(older, true), await documentFor(narrowed, true))).toMatchObject([
      { action: 'receive', subject: 'ticket:created', path: 'price', isNotice: false },
    ]);
    expect(findBreakingChanges(await documentFor(newer, false), await documentFor(older, false))).toMatchObject([
      { action: 'send', path: 'price', isNotice: false },
    ]);
  });

  it('a subject that is sent no more breaks, one that is received no more is a notice', async () => {
    const events = defineEvents({ 'ticket:created': v1 });
    const none = defineEvents({ 'other:event': v1 });
    const nothing = await documentFor(none, false);
    expect(findBreakingChanges(await documentFor(events, false), nothing)).toMatchObject([
      { action: 'send', isNotice: false },
    ]);
    expect(findBreakingChanges(await documentFor(events, true), nothing)).toMatchObject([
      { action: 'receive', isNotice: true },
    ]);
  });

  describe('a document that was not written by this package', () => {
    /** One event that is received, with the given parts instead of its own. */
    const documentWith = (parts: object): AsyncApiDocument =>
      JSON.parse(
        JSON.stringify({
          asyncapi: '3.0.0',
          channels: {
            orders: { address: 'orders', messages: { placed: { $ref: '#/components/messages/placed' } } },
          },
          operations: {
            onPlaced: {
              action: 'receive',
              channel: { $ref: '#/channels/orders' },
              messages: [{ $ref: '#/channels/orders/messages/placed' }],
            },
          },
          components: { messages: { placed: { payload: { type: 'object' } } }, schemas: {} },
          ...parts,
        }),
      ) as AsyncApiDocument;
    const operationWith = (parts: object) => ({
      operations: { onPlaced: { ...documentWith({}).operations['onPlaced'], ...parts } },
    });

    it('is compared as any other', () => {
      expect(findBreakingChanges(documentWith({}), documentWith({}))).toEqual([]);
    });

    it.each([
      ['no operations', { operations: null }, /the document, "operations": an object is wanted, got null/],
      ['an operation that is null', { operations: { onPlaced: null } }, /operations, "onPlaced": an object is wanted/],
      [
        'an operation without a channel',
        operationWith({ channel: null }),
        /onPlaced\.channel: a \$ref is wanted, got null/,
      ],
      ['messages that are no list', operationWith({ messages: 5 }), /onPlaced\.messages: a list is wanted, got 5/],
      [
        'a channel that is not there',
        operationWith({ channel: { $ref: '#/channels/constructor' } }),
        /onPlaced\.channel refers to "#\/channels\/constructor", which the document does not have/,
      ],
      [
        'a message that is not there',
        operationWith({ messages: [{ $ref: '#/channels/orders/messages/toString' }] }),
        /refers to "#\/channels\/orders\/messages\/toString", which the document does not have/,
      ],
      [
        'a message without its description',
        { components: { messages: {}, schemas: {} } },
        /refers to "#\/components\/messages\/placed", which the document does not have/,
      ],
      ['no components', { components: undefined }, /the document, "components": an object is wanted, got nothing/],
    ])('is refused with the part that is wrong: %s', (_, parts, message) => {
      const change = () => findBreakingChanges(documentWith(parts), documentWith({}));
      expect(change).toThrow(
        expect.objectContaining({
          code: 'STAN_ASYNCAPI_FAILED',
          message: expect.stringMatching(message) as string,
        }) as Error,
      );
    });

    it.each([[null], [5], [[null]], [{ $ref: '#/components/schemas/constructor' }]])(
      'says of a schema that is none, %j, that it does not exist',
      (schema) => {
        const payload = { type: 'object', properties: { price: schema } };
        const older = documentWith({ components: { messages: { placed: { payload } }, schemas: {} } });
        const newer = documentWith({
          components: {
            messages: { placed: { payload: { type: 'object', properties: { price: { type: 'number' } } } } },
            schemas: {},
          },
        });
        expect(findBreakingChanges(older, newer)).toMatchObject([{ path: 'price', isNotice: false }]);
      },
    );
  });

  it('a property called __proto__ is compared as any other', () => {
    const parse = (text: string) => JSON.parse(text) as JsonSchema;
    const narrow = parse('{"allOf":[{"properties":{"id":{}}},{"properties":{"__proto__":{"type":"number"}}}]}');
    const wide = parse('{"properties":{"__proto__":{"type":"string"}}}');
    const document = { components: { messages: {}, schemas: {} } };
    expect(fitsInto({ schema: narrow, document }, { schema: wide, document })).toMatchObject([{ path: '__proto__' }]);
  });
});
