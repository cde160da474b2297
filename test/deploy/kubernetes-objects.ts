import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {Ajv} from 'ajv';
import {parseAllDocuments} from 'yaml';

export const folder = 'deploy/k8s';

/** Of an object of the API, as far as the tests read it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {readonly name: string; readonly labels?: Readonly<Record<string, string>>};
  readonly spec: unknown;
}

export interface PodSpec {
  readonly securityContext: unknown;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Container];
  readonly volumes: readonly {readonly name: string; readonly emptyDir?: unknown}[];
}

export interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly {readonly name: string; readonly value?: string}[];
  readonly envFrom: unknown;
  readonly ports: readonly {readonly name: string; readonly containerPort: number}[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: unknown;
  readonly securityContext: unknown;
  readonly volumeMounts: readonly {readonly name: string; readonly mountPath: string}[];
}

interface Probe {
  readonly httpGet: {readonly path: string; readonly port: string};
}

export interface StatefulSet extends KubernetesObject {
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly minReadySeconds?: number;
    readonly selector: {readonly matchLabels: Readonly<Record<string, string>>};
    readonly template: {
      readonly metadata: {readonly labels: Readonly<Record<string, string>>};
      readonly spec: PodSpec;
    };
    readonly volumeClaimTemplates?: readonly {readonly metadata: {readonly name: string}}[];
  };
}

/** Files of the folder that are neither kustomize's nor the service's own. */
export const manifestNames: readonly string[] = readdirSync(folder)
  .filter((name) => name !== 'kustomization.yaml' && name !== 'millrace.yaml')
  .toSorted();

export function manifest(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

export function allObjects(): readonly KubernetesObject[] {
  return manifestNames.flatMap((name) =>
    parseAllDocuments(manifest(name)).map((document) => document.toJS() as KubernetesObject),
  );
}

const definitions: Readonly<Record<string, string>> = {
  'apps/v1 StatefulSet': 'io.k8s.api.apps.v1.StatefulSet',
  'v1 Service': 'io.k8s.api.core.v1.Service',
  'policy/v1 PodDisruptionBudget': 'io.k8s.api.policy.v1.PodDisruptionBudget',
};

const ajv = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  formats: {int32: true, int64: true, double: true, byte: true, 'date-time': true},
}).addSchema(
  JSON.parse(readFileSync('test/deploy/schemas/kubernetes.json', 'utf8')) as object,
  'kubernetes',
);

/** What YAML and the schemas of the Kubernetes API have against a manifest, unknown fields among it. */
export function manifestErrors(text: string): readonly string[] {
  return parseAllDocuments(text).flatMap((document) =>
    document.errors.length > 0
      ? document.errors.map(({message}) => message)
      : schemaErrors(document.toJS() as KubernetesObject),
  );
}

function schemaErrors(object: KubernetesObject): readonly string[] {
  const kind = `${object.apiVersion} ${object.kind}`;
  const validate = ajv.getSchema(`kubernetes#/$defs/${definitions[kind] ?? ''}`);
  if (validate === undefined) return [`${kind}: no such kind`];
  if (validate(object) === true) return [];
  return (validate.errors ?? []).map(
    ({instancePath, message, params}) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
