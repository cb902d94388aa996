import type { DriverMessage } from '../../core/driver/driver.js';
import type { Decoder } from '../../core/wire/index.js';
import type { SubscribableHandler } from './registered-handler.js';

/** Bytes to what a handler gets: the deserializer's data, and where a contract decorated the handler, checked and upcast. */
export function decodeFor(
  { contract }: SubscribableHandler,
  decoder: Decoder,
): (message: Pick<DriverMessage, 'subject' | 'sequence' | 'data'>) => unknown {
  if (contract === undefined) return ({ subject, data }) => decoder.decode(subject, data);
  return ({ subject, sequence, data }) => {
    const decoded: unknown = decoder.decode(subject, data);
    return decoded instanceof Promise
      ? decoded.then((value: unknown) => contract.read({ subject, sequence }, value))
      : contract.read({ subject, sequence }, decoded);
  };
}
