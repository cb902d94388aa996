import { AsyncApiError } from '../core/errors/index.js';
import type { AsyncApiDocument, AsyncApiOperation } from './create-document.js';
import { fitsInto } from './schema-inclusion.js';
import type { JsonSchema } from './json-schema.js';

/**
 * One change between two documents of an app that others notice.
 * @publicApi
 */
export interface BreakingChange {
  readonly subject: string;
  readonly action: 'send' | 'receive';
  /** The message that it is about. */
  readonly message?: string;
  /** Where in the payload, such as `items.price`; empty for the payload itself. */
  readonly path: string;
  readonly reason: string;
  /** True for what is worth knowing and breaks nobody by itself: a subject that is no longer received. */
  readonly isNotice: boolean;
}

/**
 * What breaks for others between an older and a newer document. `receive`: every message that was taken must still be.
 * `send`: every message that is sent must be one that was. Titles, descriptions and the order of keys do not count; a
 * keyword that cannot be judged counts, and says so.
 * @throws AsyncApiError (STAN_ASYNCAPI_FAILED) that names the part of a document which is not as AsyncAPI 3.0.0 has it, or
 * what it refers to and does not have
 * @publicApi
 */
export function findBreakingChanges(older: AsyncApiDocument, newer: AsyncApiDocument): BreakingChange[] {
  return [...compareReceived(older, newer), ...compareSent(older, newer)];
}

function compareReceived(older: AsyncApiDocument, newer: AsyncApiDocument): BreakingChange[] {
  const now = messagesBySubject(newer, 'receive');
  return [...messagesBySubject(older, 'receive')].flatMap(([subject, messages]): BreakingChange[] => {
    const taken = now.get(subject);
    const about = { subject, action: 'receive', path: '' } as const;
    if (taken === undefined) return [{ ...about, reason: 'is no longer received', isNotice: true }];
    return messages.flatMap(({ name, schema }) => {
      const problems = taken.map((one) =>
        fitsInto({ schema, document: older }, { schema: one.schema, document: newer }),
      );
      const [first] = problems;
      if (first === undefined || problems.some(({ length }) => length === 0)) return [];
      return first.map((problem) => ({ ...about, ...problem, message: name, isNotice: false }));
    });
  });
}

function compareSent(older: AsyncApiDocument, newer: AsyncApiDocument): BreakingChange[] {
  const now = messagesBySubject(newer, 'send');
  return [...messagesBySubject(older, 'send')].flatMap(([subject, known]): BreakingChange[] => {
    const about = { subject, action: 'send', path: '' } as const;
    const sent = now.get(subject);
    if (sent === undefined) return [{ ...about, reason: 'is no longer sent', isNotice: false }];
    return sent.flatMap(({ name, schema }) => {
      const problems = known.map((one) =>
        fitsInto({ schema, document: newer }, { schema: one.schema, document: older }),
      );
      const [first] = problems;
      if (first === undefined || problems.some(({ length }) => length === 0)) return [];
      return first.map((problem) => ({ ...about, ...problem, message: name, isNotice: false }));
    });
  });
}

interface NamedSchema {
  readonly name: string;
  readonly schema: JsonSchema;
}

function messagesBySubject(
  document: AsyncApiDocument,
  action: AsyncApiOperation['action'],
): Map<string, NamedSchema[]> {
  const { channels, operations, components } = document;
  const schemas = partOf(partOf({ components }, 'components', 'the document'), 'messages', 'components');
  const found = new Map<string, NamedSchema[]>();
  for (const name of Object.keys(partOf({ operations }, 'operations', 'the document'))) {
    const operation = partOf(operations, name, 'operations');
    if (operation['action'] !== action) continue;
    const at = `operations.${name}`;
    const channel = referredTo(channels, operation['channel'], `${at}.channel`);
    const address = channel['address'];
    if (typeof address !== 'string') throw wrongPart(`the channel of ${at}`, 'an address', address);
    const messages = found.get(address) ?? [];
    found.set(address, messages);
    for (const reference of listOf(operation['messages'], `${at}.messages`)) {
      const own = referredTo(channel['messages'], reference, `${at}.messages`);
      const message = referredTo(schemas, own, `a message of the channel of ${at}`);
      messages.push({ name: lastPart(String(own['$ref'])), schema: (message['payload'] ?? {}) as JsonSchema });
    }
  }
  return found;
}

type Part = Readonly<Record<string, unknown>>;

/** What a `$ref` names in a part of the document. The names are the document's own, so nothing inherited counts. */
function referredTo(among: unknown, reference: unknown, at: string): Part {
  const ref = isPart(reference) ? reference['$ref'] : undefined;
  if (typeof ref !== 'string') throw wrongPart(at, 'a $ref', reference);
  const name = lastPart(ref);
  if (!isPart(among) || !Object.hasOwn(among, name))
    throw new AsyncApiError(`${at} refers to ${JSON.stringify(ref)}, which the document does not have`);
  return partOf(among, name, at);
}

function partOf(of: unknown, name: string, at: string): Part {
  const part = isPart(of) && Object.hasOwn(of, name) ? of[name] : undefined;
  if (!isPart(part)) throw wrongPart(`${at}, ${JSON.stringify(name)}`, 'an object', part);
  return part;
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongPart(at, 'a list', value);
  return value;
}

function wrongPart(at: string, wanted: string, got: unknown): AsyncApiError {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got).slice(0, 60);
  return new AsyncApiError(`${at}: ${wanted} is wanted, got ${shown}`);
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lastPart(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
