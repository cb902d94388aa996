import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '../..');

/** The packages of which something is loaded once `from` has been imported, in a process of its own. */
function loadedBy(from: string): string[] {
  const program = `
    import { createRequire } from 'node:module';
    await import('reflect-metadata');
    await import(${JSON.stringify(from)});
    const paths = Object.keys(createRequire(import.meta.url).cache);
    console.log(JSON.stringify(paths.flatMap((path) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(path)?.[1] ?? [])));
  `;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: project,
    encoding: 'utf8',
  });
  return [...new Set(JSON.parse(out) as string[])];
}

describe('the entry points', () => {
  it('load no optional peer with the main one, nor class-validator before a contract names a class [C28]', () => {
    const loaded = loadedBy('nestjs-stan');
    expect(loaded).toContain('node-nats-streaming');
    for (const peer of [
      'class-validator',
      'class-transformer',
      'class-validator-jsonschema',
      'prom-client',
      '@nats-io/transport-node',
      'pg',
      'lmdb',
    ])
      expect(loaded).not.toContain(peer);
  });

  it('load neither Nest nor a client nor a store with the broker, so that it starts at once', () => {
    const loaded = loadedBy('nestjs-stan/broker');
    // Every package of Nest brings rxjs or tslib with it.
    for (const name of ['rxjs', 'tslib', 'class-validator', 'node-nats-streaming', 'lmdb'])
      expect(loaded).not.toContain(name);
  });
});
