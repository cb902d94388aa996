import type { StanDeserializer } from '../options/codec-options.js';
import { decodeJson } from './json.js';

/** What `ClientProxyTransport` of `@nestjs/outbox` 0.1 sends where it has no `toPacket`. */
interface OutboxEnvelope {
  readonly id: string;
  readonly topic: string;
  readonly key: string | null;
  readonly headers: object;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly payload?: unknown;
}

/**
 * A deserializer for events that come from `@nestjs/outbox` in its envelope `{ id, topic, key, headers, createdAt, payload }`:
 * the handler gets the payload, and `StanContext` shows id, key and headers as if they had been sent beside it, for
 * `inbox: { id: 'header' }` too. JSON that is no such envelope is the data itself, so that a subject may have both.
 *
 * `new ServerStan({ …, deserializer: outboxEnvelope() })`
 * @publicApi
 */
export function outboxEnvelope(): StanDeserializer {
  return {
    deserialize(bytes, options) {
      const value = decodeJson(bytes);
      // A packet in any case: data that looks like one is still data.
      const pattern = options?.['channel'];
      if (!isEnvelope(value)) return { pattern, data: value };
      const { id, key, headers, payload } = value;
      return { pattern, data: payload, metadata: { id, key: key ?? undefined, headers } };
    },
  };
}

function isEnvelope(value: unknown): value is OutboxEnvelope {
  if (typeof value !== 'object' || value === null) return false;
  const { id, topic, key, headers, createdAt } = value as Partial<Record<keyof OutboxEnvelope, unknown>>;
  if (typeof id !== 'string' || typeof topic !== 'string' || typeof createdAt !== 'number') return false;
  return (key === null || typeof key === 'string') && typeof headers === 'object' && headers !== null;
}
