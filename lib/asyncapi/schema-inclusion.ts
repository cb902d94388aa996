import type { AsyncApiDocument } from './create-document.js';
import type { JsonSchema } from './json-schema.js';

/** A schema and the document that its references point into. */
export interface SchemaInDocument {
  readonly schema: JsonSchema;
  readonly document: Pick<AsyncApiDocument, 'components'>;
}

/** Why a value that one schema allows may not be one that the other allows. */
export interface InclusionProblem {
  readonly path: string;
  readonly reason: string;
}

type Keywords = Readonly<Record<string, unknown>>;

const annotations = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'examples',
  'default',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
const judged = new Set([
  ...['type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref'],
  ...[
    'properties',
    'required',
    'additionalProperties',
    'items',
    'additionalItems',
    'minItems',
    'maxItems',
    'uniqueItems',
  ],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'pattern', 'format', 'minProperties', 'maxProperties'],
]);
const lowerBounds = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const upperBounds = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const allTypes = ['null', 'boolean', 'object', 'array', 'number', 'string'];

/**
 * Whether everything that `narrow` describes is allowed by `wide`; what is not, with its place. A property that `narrow`
 * does not describe counts as one that is not there.
 */
export function fitsInto(narrow: SchemaInDocument, wide: SchemaInDocument): InclusionProblem[] {
  return new Inclusion(narrow.document, wide.document).check(narrow.schema, wide.schema, '');
}

class Inclusion {
  /** Pairs that are being compared: a recursive schema fits where everything around the recursion does. */
  private readonly open = new Set<string>();

  constructor(
    private readonly narrowDocument: SchemaInDocument['document'],
    private readonly wideDocument: SchemaInDocument['document'],
  ) {}

  check(narrow: JsonSchema, wide: JsonSchema, path: string): InclusionProblem[] {
    if (narrow === false || wide === true) return [];
    const [from, to] = [this.resolve(narrow, this.narrowDocument), this.resolve(wide, this.wideDocument)];
    if (to === undefined || from === undefined) return [{ path, reason: 'refers to a schema that does not exist' }];
    if (wide === false) return [{ path, reason: 'is no longer allowed' }];
    const pair = JSON.stringify([narrow, wide]);
    if (this.open.has(pair)) return [];
    this.open.add(pair);
    try {
      return this.compare(from, to, path);
    } finally {
      this.open.delete(pair);
    }
  }

  private compare(narrow: Keywords, wide: Keywords, path: string): InclusionProblem[] {
    for (const key of ['anyOf', 'oneOf'])
      if (Array.isArray(narrow[key])) return this.eachOf(narrow, key, (branch) => this.check(branch, wide, path));
    if (Array.isArray(narrow['allOf'])) return this.compare(this.merged(narrow), wide, path);
    if (Array.isArray(wide['allOf']))
      return [...(wide['allOf'] as JsonSchema[]), without(wide, 'allOf')].flatMap((part) =>
        this.check(narrow as JsonSchema, part, path),
      );
    if (Array.isArray(narrow['type']) && narrow['type'].length > 1)
      return narrow['type'].flatMap((type: unknown) => this.compare({ ...narrow, type }, wide, path));
    if (Array.isArray(narrow['enum']) && narrow['enum'].length > 1)
      return narrow['enum'].flatMap((value: unknown) =>
        this.compare({ ...without(narrow, 'enum'), const: value }, wide, path),
      );
    for (const key of ['anyOf', 'oneOf']) if (Array.isArray(wide[key])) return this.anyOf(narrow, wide, key, path);
    return this.compareKeywords(narrow, wide, path);
  }

  private eachOf(schema: Keywords, key: string, check: (branch: JsonSchema) => InclusionProblem[]): InclusionProblem[] {
    const rest = without(schema, key);
    const branches = schema[key] as JsonSchema[];
    return branches.flatMap((branch) => {
      if (isEmpty(rest)) return check(branch);
      return check(this.merged({ allOf: [branch, rest] }));
    });
  }

  private anyOf(narrow: Keywords, wide: Keywords, key: string, path: string): InclusionProblem[] {
    const own = this.check(narrow, without(wide, key), path);
    const branches = (wide[key] as JsonSchema[]).map((branch) => this.check(narrow as JsonSchema, branch, path));
    if (branches.some(({ length }) => length === 0)) return own;
    const nearest = branches.reduce((best, one) => (one.length < best.length ? one : best), branches[0] ?? []);
    return [...own, ...(nearest.length > 0 ? nearest : [{ path, reason: 'matches none of the alternatives' }])];
  }

  private compareKeywords(narrow: Keywords, wide: Keywords, path: string): InclusionProblem[] {
    const problem = (reason: string): InclusionProblem[] => [{ path, reason }];
    const values = constantOf(narrow);
    if (values !== undefined) return this.compareValue(values.value, wide, path);
    if ('const' in wide || 'enum' in wide) return problem('used to be any value, and is now one of a list');
    const wideTypes = typesOf(wide);
    const types = typesOf(narrow).filter(
      (type) => !wideTypes.includes(type) && !(type === 'integer' && wideTypes.includes('number')),
    );
    if (types.length > 0) return problem(`type ${types.join(', ')} is no longer allowed`);
    return [
      ...Object.keys(wide).flatMap((key) =>
        isKnown(key) || same(narrow[key], wide[key]) ? [] : problem(`keyword "${key}" cannot be compared`),
      ),
      ...compareBounds(narrow, wide, path),
      ...this.compareObjects(narrow, wide, path),
      ...this.compareArrays(narrow, wide, path),
    ];
  }

  private compareValue(value: unknown, wide: Keywords, path: string): InclusionProblem[] {
    const shown = JSON.stringify(value).slice(0, 60);
    const allowed = 'const' in wide ? [wide['const']] : (wide['enum'] as unknown[] | undefined);
    if (allowed !== undefined)
      return allowed.some((one) => same(one, value)) ? [] : [{ path, reason: `${shown} is no longer allowed` }];
    return this.compareKeywords({ ...describeValue(value) }, wide, path);
  }

  private compareObjects(narrow: Keywords, wide: Keywords, path: string): InclusionProblem[] {
    if (!typesOf(narrow).includes('object')) return [];
    const [own, other] = [propertiesOf(narrow), propertiesOf(wide)];
    const required = stringsOf(wide['required']).filter((name) => !stringsOf(narrow['required']).includes(name));
    const missing = required.map((name) => ({ path: join(path, name), reason: 'is now required' }));
    const properties = Object.entries(own).flatMap(([name, schema]) => {
      const counterpart = Object.hasOwn(other, name)
        ? other[name]
        : (wide['additionalProperties'] as JsonSchema | undefined);
      return counterpart === undefined ? [] : this.check(schema, counterpart, join(path, name));
    });
    const rest = narrow['additionalProperties'];
    const more =
      typeof rest === 'object' && rest !== null
        ? this.check(
            rest as JsonSchema,
            (wide['additionalProperties'] as JsonSchema | undefined) ?? true,
            join(path, '*'),
          )
        : [];
    return [...missing, ...properties, ...more];
  }

  private compareArrays(narrow: Keywords, wide: Keywords, path: string): InclusionProblem[] {
    if (!typesOf(narrow).includes('array')) return [];
    const [items, other] = [narrow['items'], wide['items']];
    const unique =
      wide['uniqueItems'] === true && narrow['uniqueItems'] !== true
        ? [{ path, reason: 'items must now be unique' }]
        : [];
    if (other === undefined) return unique;
    if (Array.isArray(items) || Array.isArray(other))
      return same(items, other) && same(narrow['additionalItems'], wide['additionalItems'])
        ? unique
        : [...unique, { path, reason: 'tuples cannot be compared' }];
    return [...unique, ...this.check((items as JsonSchema | undefined) ?? {}, other as JsonSchema, join(path, '[]'))];
  }

  private merged(schema: Keywords): Keywords {
    const parts = [without(schema, 'allOf') as JsonSchema, ...(schema['allOf'] as JsonSchema[])];
    return parts.reduce<Keywords>((sum, part) => mergeTwo(sum, this.resolve(part, this.narrowDocument) ?? {}), {});
  }

  private resolve(schema: JsonSchema | null, { components }: SchemaInDocument['document']): Keywords | undefined {
    if (typeof schema === 'boolean') return {};
    // A document that was written by hand may have anything here.
    if (typeof schema !== 'object' || schema === null) return undefined;
    const ref = schema['$ref'];
    if (typeof ref !== 'string') return stripped(schema);
    const name = /^#\/components\/schemas\/(.+)$/.exec(ref)?.[1];
    const found = name !== undefined && Object.hasOwn(components.schemas, name) ? components.schemas[name] : undefined;
    return found === undefined ? undefined : this.resolve(found, { components });
  }
}

function compareBounds(narrow: Keywords, wide: Keywords, path: string): InclusionProblem[] {
  const tighter = (key: string, isTighter: (own: number, other: number) => boolean): InclusionProblem[] => {
    const other = wide[key];
    if (typeof other !== 'number' || !concerns(key, narrow)) return [];
    const own = narrow[key];
    return typeof own === 'number' && !isTighter(own, other)
      ? []
      : [{ path, reason: `${key} is ${String(other)} now` }];
  };
  const equal = (key: string): InclusionProblem[] => {
    if (wide[key] === undefined || same(narrow[key], wide[key]) || !concerns(key, narrow)) return [];
    return [{ path, reason: `${key} is ${JSON.stringify(wide[key])} now` }];
  };
  return [
    ...lowerBounds.flatMap((key) => tighter(key, (own, other) => own < other)),
    ...upperBounds.flatMap((key) => tighter(key, (own, other) => own > other)),
    ...tighter('multipleOf', (own, other) => !Number.isInteger(own / other)),
    ...equal('pattern'),
    ...equal('format'),
  ];
}

const typeOfKeyword: Readonly<Record<string, readonly string[]>> = {
  minLength: ['string'],
  maxLength: ['string'],
  pattern: ['string'],
  format: ['string'],
  minItems: ['array'],
  maxItems: ['array'],
  minProperties: ['object'],
  maxProperties: ['object'],
};

/** A bound of strings says nothing about numbers. */
function concerns(key: string, narrow: Keywords): boolean {
  const types = typeOfKeyword[key] ?? ['number', 'integer'];
  return typesOf(narrow).some((type) => types.includes(type));
}

function mergeTwo(a: Keywords, b: Keywords): Keywords {
  // By a map: a property may be called `__proto__`.
  const properties = new Map(Object.entries(propertiesOf(a)));
  for (const [name, schema] of Object.entries(propertiesOf(b))) {
    const known = properties.get(name);
    properties.set(name, known === undefined ? schema : { allOf: [known, schema] });
  }
  const required = [...new Set([...stringsOf(a['required']), ...stringsOf(b['required'])])];
  return {
    ...a,
    ...b,
    ...(properties.size > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required }),
  };
}

/** A value as a schema that describes it closely enough for bounds. */
function describeValue(value: unknown): Keywords {
  if (value === null) return { type: 'null' };
  if (typeof value === 'string') return { type: 'string', minLength: value.length, maxLength: value.length };
  if (typeof value === 'number') {
    const bounds = {
      minimum: value,
      maximum: value,
      exclusiveMinimum: value - Number.EPSILON,
      exclusiveMaximum: value + Number.EPSILON,
    };
    return { type: Number.isInteger(value) ? 'integer' : 'number', ...bounds };
  }
  return { type: typeof value === 'boolean' ? 'boolean' : Array.isArray(value) ? 'array' : 'object' };
}

function constantOf(schema: Keywords): { readonly value: unknown } | undefined {
  if ('const' in schema) return { value: schema['const'] };
  const values = schema['enum'];
  return Array.isArray(values) && values.length === 1 ? { value: values[0] as unknown } : undefined;
}

function typesOf({ type }: Keywords): readonly string[] {
  if (type === undefined) return allTypes;
  return Array.isArray(type) ? (type as string[]) : [type as string];
}

function propertiesOf(schema: Keywords): Record<string, JsonSchema> {
  return (schema['properties'] as Record<string, JsonSchema> | undefined) ?? {};
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

function stripped(schema: Keywords): Keywords {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !annotations.has(key)));
}

function without(schema: Keywords, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}

function isEmpty(schema: Keywords): boolean {
  return Object.keys(stripped(schema)).length === 0;
}

function isKnown(key: string): boolean {
  return judged.has(key) || annotations.has(key);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sortDeep(a)) === JSON.stringify(sortDeep(b));
}

function sortDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortDeep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !annotations.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortDeep(item)]),
  );
}
