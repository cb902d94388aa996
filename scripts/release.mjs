// `npm run release -- 0.2.0`: dates the changelog's "Unreleased" section, sets the version, packs once to see that it can be
// packed, commits and tags. Publishing stays a step of its own: npm publish.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const version = process.argv[2];
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version ?? '')) fail('a version such as 0.2.0 is wanted');
if (git('status', '--porcelain') !== '') fail('there are changes that are not committed');

const changelog = join(root, 'CHANGELOG.md');
const text = readFileSync(changelog, 'utf8');
if (!text.includes('\n## Unreleased\n')) fail('CHANGELOG.md has no "## Unreleased" section: nothing to release');
const date = new Date().toISOString().slice(0, 10);
writeFileSync(changelog, text.replace('\n## Unreleased\n', `\n## ${version} (${date})\n`));
run('npm', 'version', version, '--no-git-tag-version');
run('npm', 'run', 'build:package');
run('npm', 'run', 'pack:check');
run('git', 'commit', '-am', `Release ${version}`);
run('git', 'tag', `v${version}`);
console.log(`v${version} is committed and tagged. Now: git push --follow-tags && npm publish`);

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

function run(command, ...args) {
  execFileSync(command, args, { cwd: root, stdio: 'inherit' });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
