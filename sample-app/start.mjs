/** `npm start`: builds when a source has changed since the last build, then runs the shop in this process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildWhenNeeded, project } from './build-when-needed.mjs';

const interrupted = () => process.exit(130);
process.once('SIGINT', interrupted);
if (!buildWhenNeeded()) process.exit(1);
process.off('SIGINT', interrupted);
await import(pathToFileURL(join(project, 'dist', 'sample-app', 'main.js')).href);
