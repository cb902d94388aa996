// stan.java: Maven Central has its sources without the tests, so the repository is needed.
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { additions, clonedSources, freshCopy, run } from './work-folder.mjs';

const quiet = ['--quiet', '--batch-mode', '--no-transfer-progress'];

export const javaSuite = {
  name: 'stan.java',
  ports: [],
  prepare({ suiteDir }) {
    const source = clonedSources('stan.java', suiteDir, 'Maven Central has no jar of its tests');
    const folder = freshCopy('stan.java', source);
    copyFileSync(join(additions, 'java', 'pom.xml'), join(folder, 'pom.xml'));
    run('mvn', [...quiet, 'test-compile'], { cwd: folder });
    return folder;
  },
  test({ folder, env, log, only }) {
    const reports = join(folder, 'target', 'surefire-reports');
    rmSync(reports, { recursive: true, force: true });
    const chosen = only ? [`-Dtest=${only.map((name) => name.replace('.', '#')).join(',')}`] : [];
    run('mvn', [...quiet, ...chosen, 'surefire:test'], { cwd: folder, env, mayFail: true, log, minutes: 20 });
    const files = readdirSync(reports).filter((file) => file.endsWith('.xml'));
    return new Map(files.flatMap((file) => outcomesOf(readFileSync(join(reports, file), 'utf8'))));
  },
};

/** `<testcase name="…" classname="…" …/>`, or with an element in it for each failure. */
function outcomesOf(xml) {
  const cases = xml.matchAll(/<testcase name="([^"]+)" classname="([^"]+)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g);
  return [...cases].map(([, name, className, inside = '']) => {
    const isFailed = /<(?:failure|error)\b/.test(inside);
    const isSkipped = inside.includes('<skipped');
    return [`${className.split('.').at(-1)}.${name}`, isFailed ? 'failed' : isSkipped ? 'skipped' : 'passed'];
  });
}
