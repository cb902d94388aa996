import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const contestants = join(import.meta.dirname, '..', 'contestants');

/**
 * Installs the published transport where it is not yet; tells why it could not be.
 * @param {'other-transport' | 'other-jetstream-transport'} name
 */
export function installOtherTransport(name = 'other-transport') {
  const folder = join(contestants, name);
  if (existsSync(join(folder, 'node_modules', '@nestjs-plugins'))) return undefined;
  console.error('Installing the other transport (once) ...');
  try {
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
    execFileSync('npm', ['install', ...flags], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    return `the other transport could not be installed: ${error.message.split('\n')[0]}`;
  }
}
