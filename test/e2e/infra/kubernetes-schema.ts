import { join } from 'node:path';
import ts from 'typescript';
import type { Manifest } from './manifests.js';

/**
 * Kubernetes' own schema as TypeScript types (generated from its OpenAPI description): an object literal of such a type
 * may have no field that is unknown or of another type, at any depth, and must have those that are required.
 */
const typesOf: Readonly<Record<string, string>> = {
  'v1 ConfigMap': 'core/v1',
  'v1 Secret': 'core/v1',
  'v1 Service': 'core/v1',
  'apps/v1 StatefulSet': 'apps/v1',
  'policy/v1 PodDisruptionBudget': 'policy/v1',
};

/** What the schema has against the manifests: one line each, none when they are right. */
export function violationsOf(manifests: readonly Manifest[]): string[] {
  const program = ts.createProgram({
    rootNames: [fileName],
    options: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: [],
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
    },
    host: hostWith(sourceOf(manifests)),
  });
  const unknown = manifests
    .filter((manifest) => !typesOf[keyOf(manifest)])
    .map((manifest) => `${describe(manifest)}: no schema`);
  const diagnostics = [...program.getSyntacticDiagnostics(), ...program.getSemanticDiagnostics()];
  return [...unknown, ...diagnostics.map((diagnostic) => textOf(diagnostic))];
}

const fileName = join(import.meta.dirname, 'manifests-as-types.ts');

function sourceOf(manifests: readonly Manifest[]): string {
  const lines = manifests.flatMap(({ file, ...object }, index) => {
    const types = typesOf[keyOf(object)];
    if (types === undefined) return [];
    const type = `import('kubernetes-types/${types}').${object.kind}`;
    return [
      `// ${file} ${object.kind} ${object.metadata.name}`,
      `export const object${index}: ${type} = ${JSON.stringify(object, null, 1)};`,
    ];
  });
  return lines.join('\n');
}

function hostWith(source: string): ts.CompilerHost {
  const host = ts.createCompilerHost({});
  const read = host.getSourceFile.bind(host);
  return {
    ...host,
    fileExists: (name) => name === fileName || host.fileExists(name),
    getSourceFile: (name, options) =>
      name === fileName ? ts.createSourceFile(name, source, options) : read(name, options),
  };
}

function textOf({ file, start, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, ' ');
  if (!file || start === undefined) return text;
  const before = file.text.slice(0, start).split('\n');
  const object = before.findLast((line) => line.startsWith('// ')) ?? '';
  return `${object.slice(3)}: ${file.text.split('\n')[before.length - 1]?.trim() ?? ''}: ${text}`;
}

function keyOf({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): string {
  return `${apiVersion} ${kind}`;
}

function describe({ file, kind, metadata }: Manifest): string {
  return `${file} ${kind} ${metadata.name}`;
}
