// Writes docs/guide/options.md from the docstrings of the option types; `--check` fails where the page is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs', 'guide', 'options.md');
const entryPoint = join(root, 'lib', 'index.ts');

/** Sections of the page: heading, option type, and what stands before each name in it. */
const sections = [
  ['Connection', 'StanConnectionOptions', ''],
  ['Reconnect', 'ReconnectOptions', 'reconnect.'],
  ['Subscription', 'StanSubscriptionOptions', ''],
  ['Retry', 'RetryOptions', 'retry.'],
  ['Dead letter', 'DeadLetterOptions', 'deadLetter.'],
  ['Publishing', 'StanPublishOptions', ''],
  ['Shutting down', 'StanDrainOptions', ''],
  ['Server', 'StanServerOptions', ''],
  ['Client', 'StanClientOptions', ''],
];

const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config;
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
const program = ts.createProgram([entryPoint], { ...options, noEmit: true });
const checker = program.getTypeChecker();
const exported = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entryPoint)))
    .map((symbol) => [symbol.name, symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol]),
);

const seen = new Set();
const text = [
  '# Options',
  '<!-- Written by `npm run docs:options` from the docstrings in lib/. -->',
  'All options are checked when the server or client is created. An unknown or illegal option is refused with an error that names it, what was given, what is expected and the nearest known name.',
  ...sections.flatMap(([heading, typeName, prefix]) => describe(heading, typeName, prefix)),
].join('\n\n');
const formatted = await prettier.format(text, { ...(await prettier.resolveConfig(page)), parser: 'markdown' });

if (!process.argv.includes('--check')) writeFileSync(page, formatted);
else if (readFileSync(page, 'utf8') !== formatted) {
  console.error('docs/guide/options.md is not what the docstrings say: npm run docs:options');
  process.exitCode = 1;
}

function describe(heading, typeName, prefix) {
  const symbol = exported.get(typeName);
  if (!symbol) throw new Error(`lib/index.ts exports no ${typeName}`);
  const own = checker
    .getDeclaredTypeOfSymbol(symbol)
    .getProperties()
    .filter((property) => !seen.has(declarationOf(property)) && !isInternal(property));
  const blocks = own.map((property) => {
    seen.add(declarationOf(property));
    return option(prefix, property);
  });
  return [`## ${heading}`, plain(ts.displayPartsToString(symbol.getDocumentationComment(checker))), ...blocks];
}

function option(prefix, property) {
  const tags = property.getJsDocTags(checker);
  const tag = (name) => ts.displayPartsToString(tags.find((one) => one.name === name)?.text).trim();
  const type = checker.typeToString(
    checker.getNonNullableType(checker.getTypeOfSymbol(property)),
    undefined,
    ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope,
  );
  const [about, ...rest] = plain(ts.displayPartsToString(property.getDocumentationComment(checker))).split(
    /\n(?=Unit: |Source: )/,
  );
  const facts = [`Type: \`${type}\``, tag('defaultValue') && `Default: \`${tag('defaultValue').replaceAll('`', '')}\``]
    .concat(rest.map((line) => line.replaceAll('\n', ' ')).filter((line) => line !== 'Source: ours.'))
    .filter(Boolean);
  const problem = tag('throws')
    .replace(/^\w+ \(STAN_INVALID_OPTION\)\n?/, '')
    .trim();
  const source = problem === 'Source: ours.' ? '' : plain(problem);
  return [`### ${prefix}${property.name}`, about, facts.map((fact) => `- ${fact}`).join('\n'), source]
    .filter(Boolean)
    .join('\n\n');
}

function declarationOf(property) {
  return property.declarations?.[0];
}

function isInternal(property) {
  return property.getJsDocTags(checker).some(({ name }) => name === 'internal');
}

/** `{@link x}` as code. */
function plain(comment) {
  return comment.replaceAll(/\{@link (\w+)\}/g, '`$1`');
}
