/**
 * Turns an event into bytes, in the shape of Nest's serializers: it gets the packet `{ pattern, data }` and returns bytes or
 * text, which are sent as they are, or a packet, whose `data` is sent as JSON.
 * @publicApi
 */
export interface StanSerializer {
  serialize(packet: unknown, options?: Record<string, unknown>): unknown;
}

/**
 * Turns bytes into an event, in the shape of Nest's deserializers: it gets the bytes and `{ channel }`, the subject, and
 * returns the data, or a packet with `pattern` and `data`. What it returns is what the handler gets: bytes stay bytes. A
 * packet's `metadata: { id, key, headers }` is what the handler's `StanContext` shows as id, key and headers of the event,
 * over those that were sent beside it.
 * @publicApi
 */
export interface StanDeserializer {
  deserialize(bytes: Buffer, options?: Record<string, unknown>): unknown;
}
