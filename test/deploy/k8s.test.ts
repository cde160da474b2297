import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {loadConfig} from '../../src/config/load-config.ts';
import {allRoles} from '../../src/service/roles.ts';
import {allObjects, folder, manifest, manifestErrors, manifestNames} from './kubernetes-objects.ts';
import type {Container, PodSpec, StatefulSet} from './kubernetes-objects.ts';
import {capturedTopics, sourceTopics, unknownSinkTopics} from './pipeline-topics.ts';

const objects = allObjects();
const statefulSets = objects.filter(({kind}) => kind === 'StatefulSet') as readonly StatefulSet[];
const configText = manifest('millrace.yaml');

function role({spec}: StatefulSet): string {
  return spec.template.spec.containers[0].args.at(-1) ?? '';
}

function pod(name: string): PodSpec {
  const found = statefulSets.find((set) => role(set) === name);
  if (found === undefined) throw new Error(`no StatefulSet has the role ${name}`);
  return found.spec.template.spec;
}

function container(name: string): Container {
  return pod(name).containers[0];
}

/** What the file takes from the environment. */
const variables = new Set([...configText.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? ''));

describe('deploy/k8s', () => {
  test('has objects that the API takes, without unknown fields', () => {
    expect(manifestNames.flatMap((name) => manifestErrors(manifest(name)))).toEqual([]);
    expect(new Set(objects.map(({kind}) => kind))).toEqual(
      new Set(['Service', 'StatefulSet', 'PodDisruptionBudget']),
    );
    // Compiling the API's schemas takes its time.
  }, 60_000);

  test.each([
    ['an unknown field', 'enableServiceLinks', 'enableServiceLink', /enableServiceLink/],
    ['a field of another object', 'readOnlyRootFilesystem', 'runAsUsers', /runAsUsers/],
    ['a value of another type', 'replicas: 3', 'replicas: three', /replicas must be/],
    ['a missing field', 'mountPath: /data', 'readOnly: false', /mountPath/],
    ['an unknown kind', 'kind: StatefulSet', 'kind: StatefulSets', /no such kind/],
    ['a key twice', 'replicas: 3', 'replicas: 3\n  replicas: 4', /unique/],
  ])('is refused with %s', (_what, right, wrong, message) => {
    const text = manifest('streams.yaml').replace(right, wrong);

    expect(manifestErrors(text).join('\n')).toMatch(message);
  });

  test('is brought together by kustomize, whole, with the configuration', () => {
    expect(parse(manifest('kustomization.yaml'))).toEqual({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: expect.toSatisfy(
        (names: readonly string[]) => names.toSorted().join() === manifestNames.join(),
      ),
      configMapGenerator: [{name: 'millrace', files: ['millrace.yaml']}],
    });
  });

  test('runs each role in pods of its own', () => {
    expect(statefulSets.map(role).toSorted()).toEqual(allRoles.toSorted());
    for (const set of statefulSets) {
      const labels = {
        'app.kubernetes.io/name': 'millrace',
        'app.kubernetes.io/component': role(set),
      };
      expect(set.metadata).toEqual({name: `millrace-${role(set)}`, labels});
      expect(set.spec.selector.matchLabels).toEqual(labels);
      expect(set.spec.template.metadata.labels).toEqual(labels);
    }
  });

  test('runs several instances of streams with a warm copy of each task, which stay apart', () => {
    const config = loadConfig({file: join(folder, 'millrace.yaml'), environment: environment()});
    const streams = statefulSets.find((set) => role(set) === 'streams');

    expect(streams?.spec.minReadySeconds).toBeGreaterThan(0);
    expect(streams?.spec.replicas).toBeGreaterThan(config.numStandbyReplicas);
    expect(streams?.spec.replicas).toBeLessThanOrEqual(config.numPartitions);
    expect(config.numStandbyReplicas).toBeGreaterThan(0);
    const budget = objects.find(({kind}) => kind === 'PodDisruptionBudget');
    expect(budget?.spec).toEqual({
      maxUnavailable: 1,
      selector: {matchLabels: streams?.spec.selector.matchLabels},
    });
  });

  test.each(allRoles)(
    'gives %s no rights, and nothing to write to but its data and /tmp',
    (name) => {
      const {securityContext, volumes} = pod(name);

      expect(pod(name)).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
      });
      expect(securityContext).toMatchObject({runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000});
      expect(container(name).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: {drop: ['ALL']},
      });
      expect(container(name).volumeMounts).toEqual([
        {name: 'data', mountPath: '/data'},
        {name: 'tmp', mountPath: '/tmp'},
        {name: 'config', mountPath: '/etc/millrace', readOnly: true},
      ]);
      expect(volumes).toContainEqual({name: 'tmp', emptyDir: {}});
      expect(volumes).toContainEqual({name: 'config', configMap: {name: 'millrace'}});
    },
  );

  test('keeps the state of streams and the warehouse of sinks on claimed volumes', () => {
    const claims = statefulSets.map(
      (set) =>
        [role(set), set.spec.volumeClaimTemplates?.map(({metadata}) => metadata.name)] as const,
    );

    expect(Object.fromEntries(claims)).toEqual({
      cdc: undefined,
      streams: ['data'],
      sinks: ['data'],
    });
    expect(pod('cdc').volumes).toContainEqual({name: 'data', emptyDir: {}});
  });

  test.each(allRoles)('asks %s whether it lives and whether it is ready', (name) => {
    const {startupProbe, livenessProbe, readinessProbe, ports} = container(name);

    expect(startupProbe.httpGet).toEqual({path: '/healthz', port: 'http'});
    expect(livenessProbe.httpGet).toEqual({path: '/healthz', port: 'http'});
    expect(readinessProbe.httpGet).toEqual({path: '/readyz', port: 'http'});
    expect(ports).toEqual([{name: 'http', containerPort: 8080}]);
    expect(pod(name).terminationGracePeriodSeconds).toBe(30);
  });

  test('differs between the roles in role, size and volumes only', () => {
    const common = statefulSets.map(({spec}) => {
      const {containers, volumes: _volumes, ...rest} = spec.template.spec;
      const [{args, resources: _resources, ...others}] = containers;
      const {topologySpreadConstraints: _spread, ...same} = rest as typeof rest & {
        topologySpreadConstraints?: unknown;
      };
      return {...same, container: {...others, args: args.slice(0, -1)}};
    });

    expect(common[1]).toEqual(common[0]);
    expect(common[2]).toEqual(common[0]);
  });

  test('has the image of this version', () => {
    const {version} = JSON.parse(readFileSync('package.json', 'utf8')) as {version: string};

    expect(new Set(allRoles.map((name) => container(name).image))).toEqual(
      new Set([`millrace:${version}`]),
    );
  });

  test('takes secrets by reference only', () => {
    for (const name of allRoles) {
      expect(container(name).envFrom).toEqual([{secretRef: {name: 'millrace'}}]);
      expect(container(name).env.filter(({value}) => value !== undefined)).toEqual([]);
    }
    expect(configText).not.toMatch(/(password|secret|token|user\.info): (?!(\$\{\w+\}:?)+$)/m);
  });

  test('has a configuration that loads, for the pipeline of src/topics.ts', () => {
    const config = loadConfig({file: join(folder, 'millrace.yaml'), environment: environment()});

    expect(capturedTopics(config)).toEqual(sourceTopics);
    expect(unknownSinkTopics(config)).toEqual([]);
    expect(config).toMatchObject({dataDirectory: '/data', http: {host: '0.0.0.0', port: 8080}});
    expect(config.kafka?.minInsyncReplicas).toBeLessThan(config.replicationFactor);
  });

  test('lets instances ask each other by the names that the headless service gives them', () => {
    const config = loadConfig({file: join(folder, 'millrace.yaml'), environment: environment()});
    const headless = objects.find(({metadata}) => metadata.name === 'millrace');

    expect(headless?.spec).toEqual({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: {'app.kubernetes.io/name': 'millrace'},
      ports: [{name: 'http', port: 8080, targetPort: 'http'}],
    });
    expect(statefulSets.map(({spec}) => spec.serviceName)).toEqual(
      statefulSets.map(() => 'millrace'),
    );
    expect(container('streams').env).toEqual([
      {name: 'POD_NAME', valueFrom: {fieldRef: {fieldPath: 'metadata.name'}}},
    ]);
    expect(config.applicationServer).toBe('millrace-streams-0.millrace:8080');
  });

  test('says in docs/deploying.md what the secret holds', () => {
    const docs = readFileSync('docs/deploying.md', 'utf8');
    const keys = [...docs.matchAll(/^(\w+)=…$/gm)].map(([, key]) => key ?? '');

    expect(keys.toSorted()).toEqual(
      [...variables].filter((name) => name !== 'POD_NAME').toSorted(),
    );
  });
});

function environment(): Readonly<Record<string, string>> {
  const values = Object.fromEntries([...variables].map((name) => [name, `value-of-${name}`]));
  return {...values, POD_NAME: 'millrace-streams-0'};
}
