import { types } from 'node:util';

import { thrownText } from '../errors/describe-value.js';
import { SerializationFailedError } from '../errors/serialization-failed.error.js';
import type { StanDeserializer, StanSerializer } from '../options/codec-options.js';
import { DecodedEvent, headersInMetadata } from './decoded-event.js';
import { asBuffer, decodeJson, encodeJson } from './json.js';

/**
 * Data to bytes. Without a plugged-in serializer it is synchronous, and a caller that checks with {@link isPromise}
 * creates no promise per event.
 * @internal
 */
export interface Encoder {
  /**
   * The payload of an event; what it returns may be sent as it is. `metadata` is what a dispatch hook of Nest's has put
   * beside the data: a plugged-in serializer sees it on the packet, JSON of the data alone has no place for it.
   * Throws, or rejects with, a SerializationFailedError.
   */
  encode(subject: string, data: unknown, metadata?: unknown): Buffer | Promise<Buffer>;
}

/**
 * Bytes to data. Without a plugged-in deserializer it is synchronous, and a caller that checks with {@link isPromise}
 * creates no promise per event.
 * @internal
 */
export interface Decoder {
  /**
   * The data of an event, a {@link DecodedEvent} where there is more than that, or a promise of either. Throws, or rejects with, anything: the cause of an UndecodablePayloadError,
   * which only the caller can make, since it knows the sequence. The bytes are not changed.
   */
  decode(subject: string, bytes: Buffer): unknown;
}

/**
 * Both directions.
 * @internal
 */
export interface Codec extends Encoder, Decoder {}

/**
 * JSON of the data alone, both ways, always synchronous.
 * @internal
 */
export const jsonCodec: Codec = Object.freeze({
  encode: (_subject: string, data: unknown) => encodeJson(data),
  decode: (_subject: string, bytes: Buffer) => decodeJson(bytes),
});

/**
 * What a client encodes with: the user's serializer where there is one, else JSON.
 * @internal
 */
export function encoderOf(serializer: StanSerializer | undefined): Encoder {
  return serializer === undefined ? jsonCodec : new PluggedEncoder(serializer);
}

/**
 * What a server decodes with: the user's deserializer where there is one, else JSON.
 * @internal
 */
export function decoderOf(deserializer: StanDeserializer | undefined): Decoder {
  return deserializer === undefined ? jsonCodec : new PluggedDecoder(deserializer);
}

/**
 * Tells a promise (any thenable) from a value. Data decoded from JSON never is one, since JSON has no functions.
 * @internal
 */
export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

class PluggedEncoder implements Encoder {
  constructor(private readonly serializer: StanSerializer) {}

  encode(subject: string, data: unknown, metadata?: unknown): Buffer | Promise<Buffer> {
    const packet = metadata === undefined ? { pattern: subject, data } : { pattern: subject, data, metadata };
    let output: unknown;
    try {
      output = this.serializer.serialize(packet, { channel: subject });
    } catch (error) {
      throw serializerFailed(error);
    }
    return isPromise(output) ? this.awaitOutput(output) : bytesOf(output);
  }

  private async awaitOutput(output: PromiseLike<unknown>): Promise<Buffer> {
    let settled: unknown;
    try {
      settled = await output;
    } catch (error) {
      throw serializerFailed(error);
    }
    return bytesOf(settled);
  }
}

class PluggedDecoder implements Decoder {
  constructor(private readonly deserializer: StanDeserializer) {}

  decode(subject: string, bytes: Buffer): unknown {
    const output = this.deserializer.deserialize(bytes, { channel: subject });
    return isPromise(output) ? Promise.resolve(output).then(dataOf) : dataOf(output);
  }
}

/** Bytes and text are the payload itself; a packet, as Nest's own serializers return it, holds the data to send. */
function bytesOf(output: unknown): Buffer {
  if (output instanceof Uint8Array) return asBuffer(output);
  if (typeof output === 'string') return Buffer.from(output, 'utf8');
  return encodeJson(isPacket(output) ? output.data : output);
}

/** A packet is what Nest's own deserializers return; anything else is the data itself, bytes included. */
function dataOf(output: unknown): unknown {
  if (!isPacket(output)) return output;
  const headers = headersInMetadata(output.metadata);
  return headers === undefined ? output.data : new DecodedEvent(output.data, headers);
}

function isPacket(
  value: unknown,
): value is { readonly pattern: unknown; readonly data: unknown; readonly metadata?: unknown } {
  return typeof value === 'object' && value !== null && 'pattern' in value && 'data' in value;
}

function serializerFailed(error: unknown): SerializationFailedError {
  if (types.isNativeError(error) && error instanceof SerializationFailedError) return error;
  return new SerializationFailedError(`the serializer failed: ${thrownText(error)}`, { cause: error });
}
