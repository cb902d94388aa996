import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Container } from 'kubernetes-types/core/v1.js';
import { parse, parseAllDocuments } from 'yaml';

const infra = join(import.meta.dirname, '../../../infra');

/** One Kubernetes object as it stands in a file. */
export interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/** All objects of `infra/k8s/`. */
export function readManifests(): Manifest[] {
  return readdirSync(join(infra, 'k8s'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseManifests(file, readFileSync(join(infra, 'k8s', file), 'utf8')));
}

/** The objects of one file; a key that is given twice is an error. */
export function parseManifests(file: string, text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return { file, ...(document.toJS() as Omit<Manifest, 'file'>) } as Manifest;
  });
}

/** The stateful set of this name. */
export function statefulSet(name: string): StatefulSet {
  const found = readManifests().find((manifest) => manifest.kind === 'StatefulSet' && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no StatefulSet ${name} in infra/k8s`);
  return found as unknown as StatefulSet;
}

/** The only container of a stateful set. */
export function containerOf(name: string): Container {
  const containers = statefulSet(name).spec?.template.spec?.containers ?? [];
  if (containers.length !== 1) throw new Error(`${name} has ${containers.length} containers`);
  return containers[0]!;
}

/** A service of `infra/docker-compose.yml`. */
export interface ComposeService {
  readonly image: string;
  readonly command?: string | readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

/** `infra/docker-compose.yml`, its anchors followed. */
export function readCompose(): { readonly services: Readonly<Record<string, ComposeService>> } {
  return parse(readFileSync(join(infra, 'docker-compose.yml'), 'utf8'), { merge: true }) as ReturnType<
    typeof readCompose
  >;
}

/** The text of a file of `infra/`. */
export function readInfra(file: string): string {
  return readFileSync(join(infra, file), 'utf8');
}
