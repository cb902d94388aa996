import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The version of an installed package, as the package or file in `via` sees it: each name is resolved from the one before.
 * `undefined` where it cannot be read, e.g. in a bundled application. Reads files: for errors only.
 * @internal
 */
export function installedVersion(name: string, via: readonly string[] = []): string | undefined {
  try {
    const entryPoint = [...via, name].reduce((from, next) => createRequire(from).resolve(next), import.meta.url);
    return versionAbove(dirname(entryPoint), name);
  } catch {
    return undefined;
  }
}

/** Many packages do not export their package.json, so it is looked for from the entry point upwards. */
function versionAbove(folder: string, name: string): string | undefined {
  const found = readPackage(join(folder, 'package.json'));
  if (found?.name === name) return found.version;
  const parent = dirname(folder);
  return parent === folder ? undefined : versionAbove(parent, name);
}

function readPackage(path: string): { readonly name?: string; readonly version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
  } catch {
    return undefined;
  }
}
