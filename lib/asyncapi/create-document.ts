import type { INestApplicationContext } from '@nestjs/common';
import { isClass, isStandardSchema } from '../core/contracts/index.js';
import type { ContractRules, PayloadClass, PayloadVersion } from '../core/contracts/index.js';
import { AsyncApiError } from '../core/errors/index.js';
import type { StanSubscriptionOptions } from '../core/options/index.js';
import { readAppFacts } from './app-facts.js';
import type { AppFacts } from './app-facts.js';
import { loadClassSchemas } from './class-schemas.js';
import { embed, pointerTo, toJsonSchema } from './json-schema.js';
import type { ClassSchemas, Definitions, JsonSchema } from './json-schema.js';

/**
 * What a document says that an app does not know of itself.
 * @publicApi
 */
export interface AsyncApiOptions {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  /** `servers` of the document, as AsyncAPI 3 has them. */
  readonly servers?: Readonly<
    Record<string, { readonly host: string; readonly protocol: string; readonly description?: string }>
  >;
  /** Contracts of clients that no `StanModule` registers, by the client's name. */
  readonly clients?: Readonly<Record<string, { readonly definition: unknown }>>;
  /** The server's defaults for its handlers (`ServerStan`'s option `subscription`), for their queue group. */
  readonly defaults?: StanSubscriptionOptions;
}

/**
 * An AsyncAPI 3.0.0 document, as {@link createAsyncApiDocument} writes it.
 * @publicApi
 */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: AsyncApiOptions['info'];
  readonly servers?: AsyncApiOptions['servers'];
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  readonly components: {
    readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
}

/** @publicApi */
export interface AsyncApiChannel {
  readonly address: string;
  readonly messages: Readonly<Record<string, { readonly $ref: string }>>;
}

/** @publicApi */
export interface AsyncApiOperation {
  readonly action: 'send' | 'receive';
  readonly channel: { readonly $ref: string };
  readonly messages: readonly { readonly $ref: string }[];
  readonly bindings?: { readonly nats: { readonly queue: string } };
  readonly title?: string;
}

/** @publicApi */
export interface AsyncApiMessage {
  readonly name: string;
  readonly contentType: 'application/json';
  readonly payload: JsonSchema | { readonly $ref: string };
  readonly 'x-schema-version': number;
}

/** What a document leaves open: payloads that only the compiler knows, and handlers without a contract. */
export interface OpenPayload {
  readonly subject: string;
  readonly reason: string;
}

/**
 * Describes an app's events by AsyncAPI 3.0.0: `receive` for each handler, `send` for each client's contract. Nothing of
 * the app has to run: an app made with `preview: true` is enough. The same app gives the same bytes.
 * @throws AsyncApiError (STAN_ASYNCAPI_FAILED): rejects with it where a payload cannot be written as JSON Schema
 * @publicApi
 */
export async function createAsyncApiDocument(
  app: INestApplicationContext,
  options: AsyncApiOptions,
): Promise<AsyncApiDocument> {
  return (await describeApp(app, options)).document;
}

/** The same, with what it had to leave open. */
export async function describeApp(
  app: INestApplicationContext,
  options: AsyncApiOptions,
): Promise<{ readonly document: AsyncApiDocument; readonly open: readonly OpenPayload[] }> {
  const facts = withClients(readAppFacts(app, options.defaults ?? {}), options.clients ?? {});
  const classes = classesOf(facts);
  const writer = new DocumentWriter(classes.length > 0 ? await loadClassSchemas(classes) : undefined);
  for (const handler of facts.handlers) writer.addHandler(handler);
  for (const client of facts.clients) writer.addClient(client);
  return { document: writer.write(options), open: writer.open };
}

function withClients(facts: AppFacts, clients: NonNullable<AsyncApiOptions['clients']>): AppFacts {
  const more = Object.entries(clients).map(([name, { definition }]) => ({
    name,
    contract: definition as ContractRules,
  }));
  return { ...facts, clients: [...facts.clients, ...more] };
}

function classesOf({ handlers, clients }: AppFacts): PayloadClass[] {
  const contracts = [...handlers, ...clients].flatMap(({ contract }) => contract ?? []);
  const schemas = contracts.flatMap((contract) =>
    contract.subjects.flatMap((subject) => contract.versionsOf(subject).map(({ schema }) => schema)),
  );
  return [...new Set(schemas)].flatMap((schema) => (isClass(schema) && !isStandardSchema(schema) ? [schema] : []));
}

/** Collects channels, operations, messages and schemas. */
class DocumentWriter {
  readonly open: OpenPayload[] = [];
  private readonly channels = new Map<string, { address: string; messages: Map<string, string> }>();
  private readonly channelIds = new Map<string, string>();
  private readonly operations = new Map<string, AsyncApiOperation>();
  private readonly messages = new Map<string, AsyncApiMessage>();
  private readonly schemas: Definitions = new Map();

  constructor(private readonly classes: ClassSchemas | undefined) {}

  addHandler({ subject, handler, queueGroup, contract }: AppFacts['handlers'][number]): void {
    if (contract === undefined) this.open.push({ subject, reason: `${handler} has no contract` });
    const versions = contract?.versionsOf(subject) ?? [undefined];
    const refs = versions.map((version, index) => this.addMessage(subject, version, index + 1));
    this.addOperation(`receive.${handler}.${toId(subject)}`, {
      ...{ action: 'receive', channel: this.channelRef(subject), messages: refs, title: handler },
      ...(queueGroup !== undefined && { bindings: { nats: { queue: queueGroup } } }),
    });
  }

  addClient({ name, contract }: AppFacts['clients'][number]): void {
    for (const subject of contract.subjects) {
      const versions = contract.versionsOf(subject);
      const newest = this.addMessage(subject, versions.at(-1), versions.length);
      this.addOperation(`send.${name}.${toId(subject)}`, {
        ...{ action: 'send', channel: this.channelRef(subject), messages: [newest] },
      });
    }
  }

  write({ info, servers }: AsyncApiOptions): AsyncApiDocument {
    const channels = [...this.channels].map(([id, { address, messages }]) => {
      const refs = [...messages].map(([key, name]) => [key, { $ref: `#/components/messages/${name}` }] as const);
      return [id, { address, messages: sorted(refs) }] as const;
    });
    return sortKeys({
      asyncapi: '3.0.0',
      info,
      ...(servers !== undefined && { servers }),
      channels: sorted(channels),
      operations: sorted([...this.operations]),
      components: { messages: sorted([...this.messages]), schemas: sorted([...this.schemas]) },
    }) as AsyncApiDocument;
  }

  private addMessage(subject: string, version: PayloadVersion | undefined, number: number): { $ref: string } {
    const id = this.channelIdOf(subject);
    const name = this.addSchema(subject, `${id}.v${String(number)}`, version);
    const messageName = name.message;
    this.messages.set(messageName, {
      ...{ name: subject, contentType: 'application/json', payload: name.payload, 'x-schema-version': number },
    });
    this.channels.get(id)?.messages.set(messageName, messageName);
    return { $ref: `#/channels/${id}/messages/${messageName}` };
  }

  /** Two contracts may say different things of one subject: each gets a message of its own. */
  private addSchema(
    subject: string,
    wanted: string,
    version: PayloadVersion | undefined,
  ): { message: string; payload: AsyncApiMessage['payload'] } {
    const definitions: Definitions = new Map();
    const schema = version === undefined ? undefined : toJsonSchema(version.schema, `"${subject}"`, this.classes);
    if (schema === undefined) {
      if (version !== undefined) this.open.push({ subject, reason: 'its payload is known to the compiler alone' });
      return { message: `${wanted}.open`, payload: {} };
    }
    for (let name = wanted, next = 2; ; name = `${wanted}.${String(next)}`, next += 1) {
      definitions.clear();
      const embedded = embed(schema, name, definitions);
      const known = this.schemas.get(name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(embedded)) continue;
      this.schemas.set(name, embedded);
      for (const [key, value] of definitions) this.schemas.set(key, value);
      this.addClassSchemas(embedded);
      return { message: name, payload: { $ref: pointerTo(name) } };
    }
  }

  /** Classes refer to the classes of their properties. */
  private addClassSchemas(schema: JsonSchema): void {
    for (const name of refsIn(schema)) {
      const found = this.classes?.schemaOf(name);
      if (found === undefined || this.schemas.has(name)) continue;
      this.schemas.set(name, found);
      this.addClassSchemas(found);
    }
  }

  private addOperation(id: string, operation: AsyncApiOperation): void {
    let unique = id;
    for (let next = 2; this.operations.has(unique); next += 1) unique = `${id}.${String(next)}`;
    this.operations.set(unique, operation);
  }

  private channelRef(subject: string): { $ref: string } {
    return { $ref: `#/channels/${this.channelIdOf(subject)}` };
  }

  private channelIdOf(subject: string): string {
    const known = this.channelIds.get(subject);
    if (known !== undefined) return known;
    if (/[{}]/.test(subject)) throw new AsyncApiError(`"${subject}" has a brace, which AsyncAPI reads as a parameter`);
    let id = toId(subject);
    for (let next = 2; this.channels.has(id); next += 1) id = `${toId(subject)}.${String(next)}`;
    this.channelIds.set(subject, id);
    this.channels.set(id, { address: subject, messages: new Map() });
    return id;
  }
}

function toId(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]+/g, '.');
}

function refsIn(schema: JsonSchema): string[] {
  return [...JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name = '']) => name,
  );
}

function sorted<Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sorted keys all the way down: the same app gives the same bytes. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return sorted(Object.entries(value).map(([key, item]) => [key, sortKeys(item)] as const));
}
