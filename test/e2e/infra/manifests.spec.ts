import type { Container, PodSpec, Secret, Service } from 'kubernetes-types/core/v1.js';
import { describe, expect, it } from 'vitest';
import { readServiceEnvironment } from '../../../sample-app/service/service-environment.js';
import { services } from '../../../sample-app/service/service-messages.js';
import { violationsOf } from './kubernetes-schema.js';
import { containerOf, parseManifests, readInfra, readManifests, statefulSet } from './manifests.js';

const workloads = ['nats-streaming', 'nats-streaming-cluster', 'postgres', ...services] as const;
const podOf = (name: string): PodSpec => statefulSet(name).spec?.template.spec ?? { containers: [] };

describe('the manifests of infra/k8s', () => {
  it('fit the schema of Kubernetes', () => {
    expect(violationsOf(readManifests())).toEqual([]);
  });

  it.each([
    ['a field that does not exist', 'terminationGracePeriodSeconds: 30', 'terminationGracePeriod: 30'],
    ['a value of the wrong type', 'replicas: 2', "replicas: '2'"],
    ['a required field that is missing', 'serviceName: tickets', ''],
    ['a misspelt kind', 'kind: StatefulSet', 'kind: StatefullSet'],
  ])('are checked: %s is found', (_what, right, wrong) => {
    const text = readInfra('k8s/tickets.yaml');
    expect(text).toContain(right);
    expect(violationsOf(parseManifests('tickets.yaml', text))).toEqual([]);
    expect(violationsOf(parseManifests('tickets.yaml', text.replace(right, wrong)))).not.toEqual([]);
  });

  it('have one object of each kind and name', () => {
    const names = readManifests().map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  describe.each(workloads)('%s', (name) => {
    const container = () => containerOf(name);

    it('is selected by its own labels, and by the service of its name', () => {
      const set = statefulSet(name);
      const labels = set.spec?.template.metadata?.labels ?? {};
      const service = readManifests().find(
        (manifest) => manifest.kind === 'Service' && manifest.metadata.name === name,
      );
      const selectors = [set.spec?.selector.matchLabels, (service as unknown as Service).spec?.selector];
      for (const selector of selectors) expect(labels).toMatchObject(selector ?? { missing: 'selector' });
      expect(set.spec?.serviceName).toBe(name);
    });

    it('is reached at the ports that its container names', () => {
      const named = container().ports?.map((port) => port.name);
      const service = readManifests().find(
        (manifest) => manifest.kind === 'Service' && manifest.metadata.name === name,
      );
      for (const port of (service as unknown as Service).spec?.ports ?? []) expect(named).toContain(port.targetPort);
      for (const port of probePortsOf(container())) expect(named).toContain(port);
    });

    it('has the three probes, requests, a memory limit, and a process without rights', () => {
      const { startupProbe, readinessProbe, livenessProbe, resources, securityContext } = container();
      for (const probe of [startupProbe, readinessProbe, livenessProbe]) expect(probe).toBeDefined();
      expect(resources).toMatchObject({
        requests: { cpu: expect.any(String) as string, memory: expect.any(String) as string },
      });
      expect(resources?.limits).toHaveProperty('memory');
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(podOf(name).securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(podOf(name).automountServiceAccountToken).toBe(false);
    });

    it('mounts volumes that exist', () => {
      const volumes = [
        ...(podOf(name).volumes ?? []).map((volume) => volume.name),
        ...(statefulSet(name).spec?.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name),
      ];
      for (const mount of container().volumeMounts ?? []) expect(volumes).toContain(mount.name);
    });
  });

  it('run one nats-streaming 0.25.6 with a file store on a volume, ports 4222 and 8222, and the heartbeats of the course', () => {
    const { image, args = [], ports, volumeMounts } = containerOf('nats-streaming');
    expect(image).toBe('nats-streaming:0.25.6');
    expect(statefulSet('nats-streaming').spec?.replicas).toBe(1);
    expect(ports?.map((port) => port.containerPort)).toEqual([4222, 8222]);
    const flag = (name: string) => args[args.indexOf(name) + 1];
    expect([flag('-hbi'), flag('-hbt'), flag('-hbf'), flag('-st')]).toEqual(['5s', '5s', '2', 'FILE']);
    expect(flag('--dir')?.startsWith(`${volumeMounts?.[0]?.mountPath ?? '?'}/`)).toBe(true);
  });

  it('run three of the cluster on three machines, of which one at a time may be taken away', () => {
    const name = 'nats-streaming-cluster';
    const { replicas, podManagementPolicy } = statefulSet(name).spec ?? {};
    expect([replicas, podManagementPolicy]).toEqual([3, 'Parallel']);
    const [term] = podOf(name).affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const labels = statefulSet(name).spec?.template.metadata?.labels ?? {};
    expect(term?.topologyKey).toBe('kubernetes.io/hostname');
    expect(labels).toMatchObject(term?.labelSelector?.matchLabels ?? { missing: 'selector' });
    const budget = readManifests().find((it) => it.kind === 'PodDisruptionBudget' && it.metadata.name === name);
    expect(budget).toMatchObject({ spec: { maxUnavailable: 1 } });
  });

  it('name every pod of the cluster as a route and as a peer', () => {
    const { args = [] } = containerOf('nats-streaming-cluster');
    const list = (flag: string) => args[args.indexOf(flag) + 1]?.split(',');
    const pods = [0, 1, 2].map((index) => `nats-streaming-cluster-${index}`);
    expect(list('--cluster_peers')).toEqual(pods);
    expect(list('--routes')).toEqual(pods.map((pod) => `nats://${pod}.nats-streaming-cluster:6222`));
  });

  describe.each(services)('the service %s', (name) => {
    it('takes its client id from the name of the pod, and everything else that it reads is there', () => {
      const env = containerOf(name).env ?? [];
      expect(env.find((variable) => variable.name === 'NATS_CLIENT_ID')?.valueFrom).toEqual({
        fieldRef: { fieldPath: 'metadata.name' },
      });
      const read = readServiceEnvironment(name, environmentOf(name, `${name}-0`));
      expect(read).toMatchObject({
        clientId: `${name}-0`,
        natsUrls: ['nats://nats-streaming:4222'],
        port: containerOf(name).ports?.[0]?.containerPort,
        databaseUrl: expect.stringMatching(new RegExp(`^postgres://.+@postgres:5432/${name}$`)) as string,
      });
      const serverArgs = containerOf('nats-streaming').args ?? [];
      expect(read.clusterId).toBe(serverArgs[serverArgs.indexOf('-cid') + 1]);
    });

    it('is given more time to end than the drain takes', () => {
      const { terminationGracePeriodSeconds = 0 } = podOf(name);
      const preStopSeconds = Number(containerOf(name).lifecycle?.preStop?.exec?.command?.[1] ?? 0);
      expect(terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + 10);
    });
  });
});

/** The environment of a pod of a service, its references followed. */
function environmentOf(name: string, podName: string): Record<string, string> {
  const secrets = readManifests().filter(({ kind }) => kind === 'Secret') as unknown as Secret[];
  const entries = (containerOf(name).env ?? []).map(({ name: variable, value, valueFrom }): [string, string] => {
    if (valueFrom?.fieldRef) return [variable, podName];
    if (valueFrom?.secretKeyRef) {
      const { name: secretName, key } = valueFrom.secretKeyRef;
      const secret = secrets.find(({ metadata }) => metadata?.name === secretName);
      return [variable, secret?.stringData?.[key] ?? `no ${key} in the secret ${secretName ?? ''}`];
    }
    return [variable, value ?? ''];
  });
  return Object.fromEntries(entries);
}

function probePortsOf({ startupProbe, readinessProbe, livenessProbe }: Container): unknown[] {
  return [startupProbe, readinessProbe, livenessProbe].flatMap((probe) => {
    const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
    return port === undefined ? [] : [port];
  });
}
