/** `npm run demo -- name`: builds when a source has changed since the last build, then runs the demo. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildWhenNeeded, project } from '../build-when-needed.mjs';

if (!buildWhenNeeded()) process.exit(1);
await import(pathToFileURL(join(project, 'dist', 'sample-app', 'demos', 'main.js')).href);
