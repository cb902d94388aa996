import type { MetadataStorage } from 'class-validator';
import type { PayloadClass } from '../core/contracts/index.js';
import { AsyncApiError } from '../core/errors/index.js';
import type { ClassSchemas, JsonSchema } from './json-schema.js';
import { pointerTo } from './json-schema.js';

/** As much of class-validator-jsonschema as is used. */
interface Converter {
  validationMetadatasToSchemas(options: {
    readonly refPointerPrefix: string;
    readonly classTransformerMetadataStorage?: unknown;
    readonly classValidatorMetadataStorage?: unknown;
  }): Readonly<Record<string, object>>;
  /** One class, with what it inherits: a class without decorators of its own is not among the others. */
  targetConstructorToSchema(type: PayloadClass, options: object): object;
}

/**
 * The schemas of all classes with class-validator's decorators. `@IsOptional()` takes null, which the converter leaves out.
 * @throws AsyncApiError where class-validator-jsonschema is not installed
 */
export async function loadClassSchemas(types: readonly PayloadClass[]): Promise<ClassSchemas> {
  const converter = await loadConverter();
  // Loaded here and not with the entry point: a service without classes in its contracts does without it.
  const { getMetadataStorage } = await import('class-validator');
  const classValidatorMetadataStorage = getMetadataStorage();
  const defaultMetadataStorage = await loadTransformerStorage();
  const options = {
    refPointerPrefix: pointerTo(''),
    classValidatorMetadataStorage,
    ...(defaultMetadataStorage !== undefined && { classTransformerMetadataStorage: defaultMetadataStorage }),
  };
  const schemas = converter.validationMetadatasToSchemas(options);
  const all = new Map(Object.entries(schemas) as [string, JsonSchema][]);
  for (const type of types) {
    const schema = converter.targetConstructorToSchema(type, options) as JsonSchema;
    all.set(type.name, withNull(schema, optionalPropertiesOf(classValidatorMetadataStorage, type)));
  }
  return { all, schemaOf: (name) => all.get(name) };
}

async function loadConverter(): Promise<Converter> {
  try {
    return (await import('class-validator-jsonschema')) as unknown as Converter;
  } catch (cause) {
    const message = 'documents of classes need class-validator-jsonschema: npm i -D class-validator-jsonschema';
    throw new AsyncApiError(message, { cause });
  }
}

/** The classes of nested properties, as `@Type()` tells them; class-transformer exports it from this file alone. */
async function loadTransformerStorage(): Promise<unknown> {
  const file = 'class-transformer/cjs/storage.js';
  const loaded = (await import(file).catch(() => ({}))) as { readonly defaultMetadataStorage?: unknown };
  return loaded.defaultMetadataStorage;
}

/** The properties of a class with `@IsOptional()`, inherited ones included. */
function optionalPropertiesOf(storage: MetadataStorage, type: PayloadClass): ReadonlySet<string> {
  const optional = storage
    .getTargetValidationMetadatas(type, '', false, false)
    .filter(({ name }) => name === 'isOptional');
  return new Set(optional.map(({ propertyName }) => propertyName));
}

function withNull(schema: JsonSchema, optional: ReadonlySet<string>): JsonSchema {
  if (typeof schema === 'boolean' || typeof schema['properties'] !== 'object') return schema;
  const properties = Object.entries(schema['properties'] as Record<string, object>).map(([name, property]) => [
    name,
    optional.has(name) ? { anyOf: [property, { type: 'null' }] } : property,
  ]);
  return { ...schema, properties: Object.fromEntries(properties) as unknown };
}
