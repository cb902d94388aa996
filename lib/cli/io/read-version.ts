import { readFile } from 'node:fs/promises';

/** The version in this package's package.json: from the sources, from `dist` and from a bundle. @internal */
export async function readVersion(): Promise<string> {
  for (const path of ['../../package.json', '../../../package.json', '../../../../package.json']) {
    const text = await readFile(new URL(path, import.meta.url), 'utf8').catch(() => undefined);
    const manifest = JSON.parse(text ?? '{}') as { readonly name?: string; readonly version?: string };
    if (manifest.name === 'nestjs-stan' && manifest.version !== undefined) return manifest.version;
  }
  return 'unknown';
}
