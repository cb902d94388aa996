import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';

/** Headers have names in lower case; a propagator may have others. */
export const headerSetter: TextMapSetter<unknown> = {
  set: (carrier, name, value) => void (carrier as Map<string, string>).set(name.toLowerCase(), value),
};

export const headerGetter: TextMapGetter<unknown> = {
  keys: (carrier) => [...(carrier as ReadonlyMap<string, string>).keys()],
  get: (carrier, name) => (carrier as ReadonlyMap<string, string>).get(name.toLowerCase()),
};
