import { types } from 'node:util';

import { ignoreRejection } from '../errors/describe-value.js';
import { SerializationFailedError } from '../errors/serialization-failed.error.js';

/**
 * Refuses what is given as the data of an event and is none, whatever serializer is plugged in: what is still to come.
 * @throws SerializationFailedError (STAN_SERIALIZATION_FAILED)
 * @internal
 */
export function refuseWhatIsNoData(data: unknown): void {
  if (typeof data !== 'object' || data === null) return;
  const reason = pendingReason(data);
  if (reason === undefined) return;
  throw new SerializationFailedError(reason);
}

/**
 * Why JSON would make `{}` of a value that is more than that, completing "the data cannot be serialized: …"; `undefined` for
 * one that it says whole. Values with a `toJSON` of their own do not come here.
 * @internal
 */
export function emptyJsonReason(value: object): string | undefined {
  const reason = pendingReason(value);
  if (reason !== undefined) return reason;
  if (Object.keys(value).length > 0) return undefined;
  if (types.isMap(value) || types.isSet(value))
    return 'JSON cannot represent a Map or a Set; emit an array or an object made from it';
  if (types.isNativeError(value)) return 'JSON cannot represent an Error; emit its message';
  return undefined;
}

function pendingReason(value: object): string | undefined {
  if (types.isProxy(value)) return undefined;
  if (types.isPromise(value) || isMethod(value, 'then')) {
    ignoreRejection(value);
    return 'it is a promise; await it first';
  }
  if (isMethod(value, 'subscribe') && isMethod(value, 'pipe'))
    return 'it is an observable; emit its value, for example with firstValueFrom()';
  if (isMethod(value, 'next') && (isMethod(value, Symbol.iterator) || isMethod(value, Symbol.asyncIterator)))
    return 'it is an iterator; emit its values';
  return undefined;
}

function isMethod(value: object, name: PropertyKey): boolean {
  return typeof (value as Record<PropertyKey, unknown>)[name] === 'function';
}
