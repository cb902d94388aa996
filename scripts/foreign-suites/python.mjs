// stan.py: what PyPI has of it has no tests in it, so the repository is needed; and a Python with `loop=` in asyncio.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { additions, cache, clonedSources, freshCopy, NotHereError, run } from './work-folder.mjs';

const packages = ['asyncio-nats-client==0.11.5', 'protobuf==3.20.3'];
const runner = join(additions, 'python', 'run.py');
const virtualenv = join(cache, 'stan.py-python');
const python = join(virtualenv, 'bin', 'python');

export const pythonSuite = {
  name: 'stan.py',
  ports: [4222, 8222],
  prepare({ suiteDir }) {
    const source = clonedSources('stan.py', suiteDir, 'the package on PyPI has no tests');
    const folder = freshCopy('stan.py', source);
    if (!existsSync(python)) run(oldPython(), ['-m', 'venv', virtualenv], { cwd: cache });
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], { cwd: cache });
    return folder;
  },
  test({ folder, env, log, only = [] }) {
    const report = join(folder, 'report.json');
    rmSync(report, { force: true });
    run(python, [runner, report, ...only], { cwd: folder, env: { ...env, PYTHONPATH: folder }, mayFail: true, log });
    return new Map(Object.entries(JSON.parse(readFileSync(report, 'utf8'))));
  },
};

function oldPython() {
  const names = [process.env.FOREIGN_PYTHON, 'python3.9', 'python3.8', 'python3.7', 'python3'];
  const found = names.filter(Boolean).find((name) => {
    try {
      const check = 'import sys, venv; sys.exit(not (3, 7) <= sys.version_info[:2] <= (3, 9))';
      return run(name, ['-c', check], { mayFail: true }).status === 0;
    } catch (error) {
      if (error instanceof NotHereError) return false;
      throw error;
    }
  });
  if (found) return found;
  throw new NotHereError(
    'it passes loop= to asyncio, which Python 3.10 no longer takes: name a Python 3.7 to 3.9 with FOREIGN_PYTHON',
  );
}
