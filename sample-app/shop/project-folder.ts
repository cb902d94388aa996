import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder of the project. Looked for upwards, because the compiled files are one folder deeper than their sources.
 * @throws Error when the page's files are not beside the compiled ones
 */
export function projectFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'sample-app', 'page', 'index.html'))) {
    if (dirname(folder) === folder) throw new Error('cannot find sample-app/page: start the shop from its repository');
    folder = dirname(folder);
  }
  return folder;
}
