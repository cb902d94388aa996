// Compares what the built package exports with test/types/api.snapshot.txt, and the packages that its .d.ts files import
// with the list below. `--update` writes the snapshot. Reads dist/, so build first.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const snapshotFile = join(root, 'test', 'types', 'api.snapshot.txt');
const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** A type from any other package would force it on every user who checks types. */
const allowedImports = [/^node:/, /^rxjs$/, /^@nestjs\/(common|core|microservices)(\/|$)/];

/** Optional peers, each for its own entry point alone. */
const entryPointImports = [
  { folder: '/telemetry/opentelemetry/', allowed: /^@opentelemetry\/api$/ },
  { folder: '/telemetry/prometheus/', allowed: /^prom-client$/ },
  { folder: '/drivers/jetstream/', allowed: /^@nats-io\/transport-node$/ },
];

const entryPoints = Object.entries(pkg.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([name, target]) => ({ name: name.replace(/^\./, pkg.name), file: join(root, target.import.types) }));
const missing = entryPoints.filter(({ file }) => !existsSync(file));
if (missing.length > 0) {
  for (const { name, file } of missing)
    console.error(`${name}: ${file.slice(root.length + 1)} is not there; run npm run build`);
  process.exit(1);
}

const program = ts.createProgram(
  entryPoints.map(({ file }) => file),
  {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    types: ['node'],
    noEmit: true,
  },
);
const checker = program.getTypeChecker();

const api = entryPoints.map(({ name, file }) => [`# ${name}`, ...describeExports(file)].join('\n')).join('\n\n') + '\n';
const problems = findForeignImports();

if (process.argv.includes('--update')) {
  writeFileSync(snapshotFile, api);
  console.log(`wrote ${snapshotFile.slice(root.length + 1)}`);
} else {
  problems.push(...compare(existsSync(snapshotFile) ? readFileSync(snapshotFile, 'utf8') : '', api));
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
if (process.exitCode === 0)
  console.log(
    `public API: ${api.split('\n').filter((line) => /^[a-z]/.test(line)).length} exports, as in the snapshot`,
  );

function describeExports(file) {
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(file));
  return checker
    .getExportsOfModule(symbol)
    .map((exported) =>
      exported.flags & ts.SymbolFlags.Alias
        ? [exported.name, checker.getAliasedSymbol(exported), isTypeOnly(exported)]
        : [exported.name, exported, false],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, target, typeOnly]) => describe(name, target, typeOnly));
}

/** True for `export type { X }`: of a class (a group of options) its users then see what they see of an interface. */
function isTypeOnly(exported) {
  const declaration = exported.declarations?.[0];
  return declaration !== undefined && ts.isTypeOnlyExportDeclaration(declaration);
}

function describe(name, symbol, typeOnly) {
  const declaration = symbol.declarations?.[0];
  if (!declaration) return [`unknown ${name}`];
  if (ts.isClassDeclaration(declaration) && typeOnly)
    return [`interface ${name}${heritage(declaration)}`, ...members(declaration)];
  if (ts.isClassDeclaration(declaration)) return [`class ${name}${heritage(declaration)}`, ...members(declaration)];
  if (ts.isInterfaceDeclaration(declaration))
    return [`interface ${name}${heritage(declaration)}`, ...members(declaration)];
  if (ts.isTypeAliasDeclaration(declaration)) return [`type ${name} = ${oneLine(declaration.type)}`];
  const type = checker.typeToString(
    checker.getTypeOfSymbolAtLocation(symbol, declaration),
    declaration,
    ts.TypeFormatFlags.NoTruncation,
  );
  return [`${ts.isFunctionDeclaration(declaration) ? 'function' : 'const'} ${name}: ${type}`];
}

function heritage(declaration) {
  return (declaration.heritageClauses ?? [])
    .map((clause) => {
      const shown = clause.types.filter((base) => !internalBase(base));
      const word = clause.token === ts.SyntaxKind.ExtendsKeyword ? 'extends' : 'implements';
      return shown.length === 0 ? '' : ` ${word} ${shown.map(oneLine).join(', ')}`;
    })
    .join('');
}

/** The declaration of a base that is not exported itself, so that what is inherited from it is shown where it is inherited. */
function internalBase(base) {
  const declaration = checker.getTypeAtLocation(base).symbol?.declarations?.[0];
  return declaration && isInternal(declaration) ? declaration : undefined;
}

function isInternal(node) {
  return ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'internal');
}

function members(declaration) {
  return membersOf(declaration).sort();
}

function membersOf(declaration) {
  const inherited = (declaration.heritageClauses ?? [])
    .flatMap(({ types }) => types.map(internalBase))
    .filter((base) => base?.members !== undefined)
    .flatMap(membersOf);
  const own = declaration.members
    .filter((member) => !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private))
    .filter((member) => !(member.name && ts.isPrivateIdentifier(member.name)))
    .filter((member) => !isInternal(member))
    .map((member) => `  ${oneLine(member)}`);
  return [...new Set([...inherited, ...own])];
}

function oneLine(node) {
  return node
    .getText()
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/;$/, '')
    .trim();
}

/** Follows relative imports from the entry points and names every package that is met and not allowed. */
function mayImport(file, specifier) {
  const ofEntryPoint = entryPointImports.filter(({ folder }) => file.includes(folder)).map(({ allowed }) => allowed);
  return [...allowedImports, ...ofEntryPoint].some((allowed) => allowed.test(specifier));
}

function findForeignImports() {
  const seen = new Set();
  const found = [];
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = program.getSourceFile(file);
    if (!source) return;
    for (const specifier of importsOf(source)) {
      if (specifier.startsWith('.')) visit(resolve(dirname(file), specifier.replace(/\.js$/, '.d.ts')));
      else if (!mayImport(file, specifier))
        found.push(
          `${file.slice(root.length + 1)} imports types of "${specifier}", which is not on the list of scripts/api-check.mjs`,
        );
    }
  };
  for (const { file } of entryPoints) visit(file);
  return found;
}

function importsOf(source) {
  const found = [];
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier)
      found.push(node.moduleSpecifier.text);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) found.push(node.argument.literal.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function compare(before, now) {
  const [old, current] = [before, now].map((text) => new Set(text.split('\n')));
  const gone = [...old].filter((line) => !current.has(line)).map((line) => `- ${line}`);
  const added = [...current].filter((line) => !old.has(line)).map((line) => `+ ${line}`);
  if (gone.length + added.length === 0) return [];
  return [
    'the public API has changed; if that is meant: npm run api:update, and a line in CHANGELOG.md',
    ...gone,
    ...added,
  ];
}
