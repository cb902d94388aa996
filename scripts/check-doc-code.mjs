// Compiles every TypeScript block of the README and the docs. A name that the block neither declares nor imports is imported
// from the packages below; what belongs to the reader's own app (Ticket, save …) is declared in test/types/docs-globals.d.ts.
// A block that is meant not to compile says `// @ts-expect-error`, as it would in a reader's editor.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const own = Object.keys(exports).filter((key) => typeof exports[key] === 'object');
const packages = [
  ...own.map((key) => key.replace(/^\./, name)),
  ...[
    '@nestjs/common',
    '@nestjs/core',
    '@nestjs/microservices',
    '@nestjs/terminus',
    '@nestjs/testing',
    'vitest',
    'rxjs',
  ],
];
const pages = ['README.md', ...list('docs'), ...list('docs/guide'), ...list('sample-app')];
const globals = join(root, 'test', 'types', 'docs-globals.d.ts');

const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config;
const { options } = ts.convertCompilerOptionsFromJson(
  {
    ...config.compilerOptions,
    ...{
      noEmit: true,
      isolatedModules: false,
      verbatimModuleSyntax: false,
      module: 'esnext',
      moduleResolution: 'bundler',
    },
    ...{
      noUnusedLocals: false,
      noUnusedParameters: false,
      noImplicitReturns: false,
      strictPropertyInitialization: false,
    },
  },
  root,
);

const files = new Map(
  packages.map((from) => [join(root, `probe-${packages.indexOf(from)}.ts`), `export * from '${from}';`]),
);
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = (path) => files.has(path) || fileExists(path);
host.readFile = (path) => files.get(path) ?? readFile(path);
host.getSourceFile = (path, target, ...rest) =>
  files.has(path)
    ? ts.createSourceFile(path, files.get(path), target, true)
    : getSourceFile.call(host, path, target, ...rest);

const probes = [...files.keys()];
const known = readExports(ts.createProgram(probes, options, host));
const blocks = pages.flatMap(readBlocks);
for (const { path, text } of blocks) files.set(path, withImports(text));
const program = ts.createProgram([globals, ...blocks.map(({ path }) => path)], options, host);
const problems = blocks.flatMap(({ path, page, line, text }) => {
  const file = program.getSourceFile(path);
  const added = withImports(text).split('\n').length - text.split('\n').length;
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((found) => {
    const at = line + ts.getLineAndCharacterOfPosition(file, found.start ?? 0).line - added;
    return `${page}:${at}: ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`;
  });
});
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
if (problems.length === 0) console.log(`${blocks.length} TypeScript blocks in ${pages.length} pages: all compile`);

/** Name -> the first package that exports it. */
function readExports(from) {
  const checker = from.getTypeChecker();
  const found = new Map();
  for (const [index, probe] of probes.entries())
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(from.getSourceFile(probe))))
      if (!found.has(symbol.name)) found.set(symbol.name, packages[index]);
  return found;
}

function readBlocks(page) {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^( *)```(?:ts|typescript)\b[^\n]*\n([\s\S]*?)^\1```/gm)].map((match, index) => ({
    page,
    path: join(root, `docs-block-${page.replaceAll(/\W/g, '-')}-${index}.ts`),
    line: text.slice(0, match.index).split('\n').length + 1,
    // Members alone, as the docs show a handler, stand in a class.
    text: /^@(\w+\.)?\w*EventPattern\(/.test(match[2])
      ? match[2].replace(/^/, 'class Listener { ').replace(/$/, '}')
      : match[2],
  }));
}

function withImports(text) {
  const source = ts.createSourceFile('block.ts', text, ts.ScriptTarget.ES2023, true);
  const used = new Set();
  const declared = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclaration =
        (ts.isImportSpecifier(parent) ||
          ts.isImportClause(parent) ||
          ts.isNamespaceImport(parent) ||
          ts.isVariableDeclaration(parent) ||
          ts.isFunctionDeclaration(parent) ||
          ts.isClassDeclaration(parent) ||
          ts.isInterfaceDeclaration(parent) ||
          ts.isTypeAliasDeclaration(parent) ||
          ts.isParameter(parent) ||
          ts.isBindingElement(parent)) &&
        parent.name === node;
      const isMember =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        ((ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) && parent.name === node);
      if (isDeclaration) declared.add(node.text);
      else if (!isMember) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const lines = [...used]
    .filter((one) => known.has(one) && !declared.has(one))
    .map((one) => `import { ${one} } from '${known.get(one)}';`);
  return `${lines.length > 0 ? `${lines.join(' ')}\n` : ''}${text}\nexport {};\n`;
}

function list(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file}`);
}
