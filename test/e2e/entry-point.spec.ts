import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '../..');

/** The packages of which something is loaded once `from` has been imported, in a process of its own. */
function loadedBy(from: string): string[] {
  const program = `
    import { createRequire, registerHooks } from 'node:module';
    await import('reflect-metadata');
    await import(${JSON.stringify(from)});
    const paths = Object.keys(createRequire(import.meta.url).cache);
    console.log(JSON.stringify(paths.flatMap((path) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(path)?.[1] ?? [])));
  `.replace(', registerHooks', '');
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: project,
    encoding: 'utf8',
  });
  return [...new Set(JSON.parse(out) as string[])];
}

describe('the main entry point', () => {
  it('loads no optional peer [C28]', () => {
    const loaded = loadedBy('nestjs-stan');
    expect(loaded).toContain('node-nats-streaming');
    for (const peer of [
      'class-transformer',
      'class-validator-jsonschema',
      'prom-client',
      '@nats-io/transport-node',
      'pg',
      'lmdb',
    ])
      expect(loaded).not.toContain(peer);
  });
});
