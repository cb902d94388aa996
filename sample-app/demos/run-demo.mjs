/** `npm run demo -- name`: builds when a source has changed since the last build, then runs the demo. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, buildIsNeeded, project } from '../build-when-needed.mjs';

if (buildIsNeeded()) {
  console.log('Building ...');
  if (!build()) process.exit(1);
}
await import(pathToFileURL(join(project, 'dist', 'sample-app', 'demos', 'main.js')).href);
