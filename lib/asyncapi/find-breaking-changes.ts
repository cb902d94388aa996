import type { AsyncApiDocument, AsyncApiMessage, AsyncApiOperation } from './create-document.js';
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
  const found = new Map<string, NamedSchema[]>();
  for (const operation of Object.values(document.operations)) {
    if (operation.action !== action) continue;
    const channel = document.channels[lastPart(operation.channel.$ref)];
    if (channel === undefined) continue;
    const messages = found.get(channel.address) ?? [];
    found.set(channel.address, messages);
    for (const { $ref } of operation.messages) {
      const name = lastPart(channel.messages[lastPart($ref)]?.$ref ?? '');
      const message: AsyncApiMessage | undefined = document.components.messages[name];
      if (message !== undefined) messages.push({ name, schema: message.payload });
    }
  }
  return found;
}

function lastPart(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
