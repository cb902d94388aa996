import { isClass, isStandardSchema } from '../core/contracts/index.js';
import type { PayloadSchema } from '../core/contracts/index.js';
import { AsyncApiError } from '../core/errors/index.js';

/** A JSON Schema, draft 7. @publicApi */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** Named schemas that others refer to. */
export type Definitions = Map<string, JsonSchema>;

const target = 'draft-07';

/** What is known of a class, loaded once where a document has one. */
export interface ClassSchemas {
  schemaOf(name: string): JsonSchema | undefined;
  readonly all: ReadonlyMap<string, JsonSchema>;
}

/**
 * The JSON Schema of what a publisher gives for a schema; `undefined` where it is known to the compiler alone.
 * @throws AsyncApiError where the library has none, or cannot express it
 */
export function toJsonSchema(
  schema: PayloadSchema,
  name: string,
  classes: ClassSchemas | undefined,
): JsonSchema | undefined {
  if (isStandardSchema(schema)) return standardJsonSchema(schema, name);
  if (!isClass(schema)) return undefined;
  const found = classes?.schemaOf(schema.name);
  if (found === undefined) throw new AsyncApiError(`${name}: class ${schema.name} has no JSON Schema`);
  return found;
}

function standardJsonSchema(schema: Extract<PayloadSchema, { '~standard': unknown }>, name: string): JsonSchema {
  const { jsonSchema, vendor } = schema['~standard'];
  if (jsonSchema === undefined) {
    const help = vendor === 'valibot' ? ': wrap it by toStandardJsonSchema() of @valibot/to-json-schema' : '';
    throw new AsyncApiError(`${name}: this schema of ${vendor} cannot be written as JSON Schema${help}`);
  }
  try {
    return jsonSchema.input({ target });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AsyncApiError(`${name}: ${vendor} cannot write it as JSON Schema: ${reason}`, { cause });
  }
}

/**
 * Moves the definitions inside of a schema to `#/components/schemas` of the document, and `#` to the schema's own name:
 * where it was a document of its own, it becomes a part of one.
 */
export function embed(schema: JsonSchema, name: string, definitions: Definitions): JsonSchema {
  if (typeof schema === 'boolean') return schema;
  const { $defs, definitions: older, ...rest } = omitDialect(schema);
  const local = { ...asRecord(older), ...asRecord($defs) };
  const nameOf = (key: string): string => `${name}.${key.replaceAll(/[^A-Za-z0-9._-]/g, '.')}`;
  const rename = (ref: string): string => {
    if (ref === '#') return pointerTo(name);
    const key = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(ref)?.[1];
    return key === undefined ? ref : pointerTo(nameOf(decodePointer(key)));
  };
  for (const [key, value] of Object.entries(local))
    definitions.set(nameOf(key), rewriteRefs(value, rename) as JsonSchema);
  return rewriteRefs(rest, rename) as JsonSchema;
}

function omitDialect(schema: Exclude<JsonSchema, boolean>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'));
}

/** Where a schema of a document stands. */
export function pointerTo(name: string): string {
  return `#/components/schemas/${name}`;
}

function decodePointer(part: string): string {
  return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
}

function rewriteRefs(value: unknown, rename: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteRefs(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [key, rename(item)] : [key, rewriteRefs(item, rename)],
  );
  return Object.fromEntries(entries) as unknown;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
