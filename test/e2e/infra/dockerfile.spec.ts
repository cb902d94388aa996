import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containerOf, readInfra } from './manifests.js';

const project = join(import.meta.dirname, '../../..');
const lines = readInfra('Dockerfile').split('\n');
const instructions = lines.filter((line) => /^[A-Z]+ /.test(line)).map((line) => line.split(/\s+/));
const packageJson = 'package.json';

describe('infra/Dockerfile', () => {
  it('copies files that exist and that .dockerignore lets through', () => {
    const ignore = readInfra('Dockerfile.dockerignore').split('\n');
    const sources = instructions
      .filter(([name, first]) => name === 'COPY' && !first?.startsWith('--from'))
      .flatMap((words) => words.slice(1, -1));
    expect(sources).toContain(packageJson);
    for (const source of sources) {
      expect(existsSync(join(project, source)), source).toBe(true);
      expect(ignore).toContain(`!${source.split('/')[0] ?? ''}`);
    }
    expect(ignore).toContain('**');
    expect(ignore).toContain('**/node_modules');
  });

  it('runs as a user without rights, and by default a service that the build makes', () => {
    expect(instructions.find(([name]) => name === 'USER')).toEqual(['USER', 'node']);
    const [, command = ''] = /^CMD \["(.+)"\]$/m.exec(lines.join('\n')) ?? [];
    expect(containerOf('tickets').args).toEqual([command]);
  });

  it.each(['tickets', 'orders'])('has the program of %s', (name) => {
    const program = containerOf(name).args?.[0] ?? '';
    expect(program).toMatch(/^dist\//);
    expect(existsSync(join(project, program.replace(/^dist\//, '').replace(/\.js$/, '.ts')))).toBe(true);
  });
});
