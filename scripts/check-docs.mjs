// Checks what prose cannot check itself: relative links lead somewhere, every `npm run x` exists, and every protocol rule
// that code or tests cite is in docs/protocol.md.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const problems = [];
const scripts = {
  '.': JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts,
  'sample-app': JSON.parse(readFileSync(join(root, 'sample-app/package.json'), 'utf8')).scripts ?? {},
};

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...list('docs', '.md'),
  ...list('sample-app', '.md'),
  ...list('bench', '.md'),
].filter((page) => existsSync(join(root, page)));
for (const page of pages) {
  const text = readFileSync(join(root, page), 'utf8');
  for (const [, target, anchor] of text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
    const path = target === '' ? page : join(dirname(page), target);
    if (!existsSync(join(root, path))) problems.push(`${page}: link to ${target}, which is not there`);
    else if (anchor && path.endsWith('.md') && !anchorsOf(path).has(anchor))
      problems.push(`${page}: link to ${target}#${anchor}, and there is no such heading`);
  }
  for (const [, name] of text.matchAll(/npm run (?:-s |--silent )?([a-z][\w:.-]*)/g)) {
    if (!scripts['.'][name] && !scripts['sample-app'][name])
      problems.push(`${page}: there is no script "npm run ${name}"`);
  }
}

const rules = new Set(
  [...readFileSync(join(root, 'docs/protocol.md'), 'utf8').matchAll(/\*\*\[((?:STAN|JS)-[A-Z]+-\d+)\]\*\*/g)].map(
    ([, id]) => id,
  ),
);
const citing = [...['lib', 'test', 'sample-app', 'bench'].flatMap((folder) => list(folder, '.ts')), ...pages];
for (const file of citing) {
  for (const [, id] of readFileSync(join(root, file), 'utf8').matchAll(/\[((?:STAN|JS)-[A-Z]+-\d+)\]/g)) {
    if (!rules.has(id)) problems.push(`${file}: cites [${id}], which docs/protocol.md does not have`);
  }
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
if (process.exitCode === 0)
  console.log(`${pages.length} pages, ${rules.size} protocol rules: no dead link, command or rule`);

/** The anchors that GitHub and the site make of a page's headings. */
function anchorsOf(page) {
  const headings = readFileSync(join(root, page), 'utf8').matchAll(/^#{1,6} +(.+)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading
        .toLowerCase()
        .replaceAll(/[`*_]|\[|\]\([^)]*\)/g, '')
        .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
}

function list(folder, ending) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith(ending) && !/node_modules|docs\/api/.test(entry.parentPath),
    )
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
