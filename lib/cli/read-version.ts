import { readFile } from 'node:fs/promises';

/** The version in the package.json above, both of the sources and of what is built from them. @internal */
export async function readVersion(): Promise<string> {
  for (const path of ['../../package.json', '../../../package.json']) {
    const text = await readFile(new URL(path, import.meta.url), 'utf8').catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { version: string }).version;
  }
  return 'unknown';
}
