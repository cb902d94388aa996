import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';

import type { VendorConnect } from '../../lib/drivers/stan/stan-client.js';

const requireHere = createRequire(import.meta.url);

/**
 * The vendor's `connect()` from copies of its two packages in which some private members have other names, as in a later
 * version of them. The copies work; only who looks for the old names finds nothing.
 */
export function connectOfRenamed(names: { readonly nats?: string[]; readonly stan?: string[] }): VendorConnect {
  const stanPath = requireHere.resolve('node-nats-streaming/lib/stan.js');
  const natsPath = createRequire(stanPath).resolve('nats/lib/nats.js');
  const nats = load(natsPath, names.nats ?? [], {});
  const { connect } = load(stanPath, names.stan ?? [], { nats }) as { connect: VendorConnect };
  return connect;
}

function load(path: string, renamed: readonly string[], instead: Readonly<Record<string, unknown>>): unknown {
  const source = renamed.reduce(
    (text, name) => text.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `${name}Renamed`),
    readFileSync(path, 'utf8'),
  );
  const module = { exports: {} as Record<string, unknown> };
  const requireThere = createRequire(path);
  const run = compileFunction(source, ['module', 'exports', 'require'], { filename: path }) as (
    ...parameters: unknown[]
  ) => void;
  run(module, module.exports, (name: string) => instead[name] ?? (requireThere(name) as unknown));
  return module.exports;
}
