import type { DriverMessage } from '../../core/driver/driver.js';
import { DecodedEvent } from '../../core/wire/index.js';
import type { Decoder } from '../../core/wire/index.js';
import type { SubscribableHandler } from './registered-handler.js';

/**
 * Bytes to what a handler gets: the deserializer's data, and where a contract decorated the handler, checked and upcast; in
 * a {@link DecodedEvent} where the deserializer has said more.
 */
export function decodeFor(
  { contract }: SubscribableHandler,
  decoder: Decoder,
): (message: Pick<DriverMessage, 'subject' | 'sequence' | 'data'>) => unknown {
  if (contract === undefined) return ({ subject, data }) => decoder.decode(subject, data);
  return ({ subject, sequence, data }) => {
    const read = (value: unknown): unknown => contract.read({ subject, sequence }, value);
    const decoded: unknown = decoder.decode(subject, data);
    return decoded instanceof Promise
      ? decoded.then((value: unknown) => readWithin(value, read))
      : readWithin(decoded, read);
  };
}

function readWithin(decoded: unknown, read: (value: unknown) => unknown): unknown {
  if (!(decoded instanceof DecodedEvent)) return read(decoded);
  const { headers } = decoded;
  const data = read(decoded.data);
  return data instanceof Promise
    ? data.then((value: unknown) => new DecodedEvent(value, headers))
    : new DecodedEvent(data, headers);
}
