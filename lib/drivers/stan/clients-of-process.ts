import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';

type Identity = Pick<ResolvedConnectionOptions, 'clusterId' | 'clientId'>;

/** On the global object, so that another copy of this package in the process counts here too. */
const registryKey = Symbol.for('nestjs-stan.clientsOfProcess');

function registry(): Map<string, number> {
  const known = Reflect.get(globalThis, registryKey) as Map<string, number> | undefined;
  if (known !== undefined) return known;
  const made = new Map<string, number>();
  Reflect.set(globalThis, registryKey, made);
  return made;
}

const keyOf = ({ clusterId, clientId }: Identity): string => JSON.stringify([clusterId, clientId]);

/** Notes a client that connects; returns what takes it out again, which may be called more than once. */
export function noteClient(identity: Identity): () => void {
  const key = keyOf(identity);
  registry().set(key, (registry().get(key) ?? 0) + 1);
  let isNoted = true;
  return () => {
    if (!isNoted) return;
    isNoted = false;
    const count = (registry().get(key) ?? 1) - 1;
    if (count > 0) registry().set(key, count);
    else registry().delete(key);
  };
}

/** Whether another client of this process has, or wants, the same id on a cluster of the same name. */
export function hasDuplicateInProcess(identity: Identity): boolean {
  return (registry().get(keyOf(identity)) ?? 0) > 1;
}
