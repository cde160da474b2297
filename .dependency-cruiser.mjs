/** Which folder may import which. ARCHITECTURE.md explains why; this file is what `npm run check` runs. */
const may = {
  common: [],
  serde: ['common', 'kafka'],
  kafka: ['common'],
  state: ['common', 'serde'],
  streams: ['common', 'serde', 'state', 'kafka'],
  cdc: ['common', 'serde', 'kafka'],
  sinks: ['common', 'serde', 'kafka'],
  config: ['common'],
  demo: ['common'],
  http: ['common', 'streams', 'monitor'],
  monitor: ['common', 'kafka', 'streams/topology'],
};

/** Each client library and the only path that may import it. */
const owners = {
  pg: 'cdc/postgres|demo',
  level: 'state/level|kafka/embedded',
  'lru-cache': 'state|serde/registry',
  '@kafkajs': 'serde/registry',
  kafkajs: 'kafka/kafkajs',
  '@node-rs': 'kafka/kafkajs',
  '@toondepauw': 'kafka/kafkajs',
  'lz4-napi': 'kafka/kafkajs',
  snappy: 'kafka/kafkajs',
  '@duckdb': 'sinks/duckdb',
  'snowflake-sdk': 'sinks/snowflake',
  '@databricks': 'sinks/databricks',
  fastify: 'http',
  '@fastify': 'http',
  pino: 'common',
  'prom-client': 'common',
  commander: 'cli',
  yaml: 'config',
  zod: 'config|monitor|http',
};

const folders = Object.entries(may).map(([from, to]) => ({
  name: `${from}-imports-only-${to.join('-') || 'itself'}`,
  severity: 'error',
  from: {path: `^src/${from}/`},
  to: {path: '^src/', pathNot: [from, ...to].map((folder) => `^src/${folder}/`)},
}));

const libraries = Object.entries(owners).map(([library, path]) => ({
  name: `only-${path.replaceAll('|', '-or-').replaceAll('/', '-')}-imports-${library}`,
  severity: 'error',
  from: {path: '^src/', pathNot: `^src/(${path})`},
  to: {path: `node_modules/${library}/`},
}));

export default {
  forbidden: [
    ...folders,
    ...libraries,
    {
      name: 'only-the-embedded-registry-knows-kafka',
      comment:
        'Formats and serdes move values to bytes; who moves the bytes is not their business.',
      severity: 'error',
      from: {path: '^src/serde/(?!registry/)'},
      to: {path: '^src/kafka/'},
    },
    {
      name: 'only-the-runtime-knows-kafka',
      comment: 'DSL, operators, topology and test drivers work without a broker.',
      severity: 'error',
      from: {path: '^src/streams/(?!runtime/)'},
      to: {path: '^src/(kafka|streams/runtime)/'},
    },
    {
      name: 'operators-are-pure',
      severity: 'error',
      from: {path: '^src/streams/operators/'},
      to: {dependencyTypes: ['core', 'npm']},
    },
    {
      name: 'adapters-behind-ports',
      comment: 'Only the composition root picks an adapter.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(service|service/.*|kafka/embedded/.*|kafka/kafkajs/.*)(\\.ts)?$',
      },
      to: {path: '^src/kafka/(embedded|kafkajs)/'},
    },
    {
      name: 'only-the-composition-root-imports-the-topology',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(cli|service|topology)(/|\\.ts$)'},
      to: {path: '^src/(topology|topics)\\.ts$'},
    },
    {
      name: 'the-topology-knows-the-dsl-only',
      severity: 'error',
      from: {path: '^src/(topology|topics)\\.ts$'},
      to: {
        path: '^src/',
        pathNot: '^src/(topics\\.ts|serde/|streams/(dsl/|topology/|topic\\.ts))',
      },
    },
    {
      name: 'the-service-knows-no-page',
      severity: 'error',
      from: {path: '^src/'},
      to: {path: '^page/'},
    },
    {
      name: 'the-page-takes-types-only',
      comment: 'Whatever it took besides would come along into the browser.',
      severity: 'error',
      from: {path: '^page/'},
      to: {path: '^src/', dependencyTypesNot: ['type-only']},
    },
    {
      name: 'no-test-imports',
      severity: 'error',
      from: {path: '^(src|page)/'},
      to: {path: '^(test|bench)/'},
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: {circular: true, viaOnly: {dependencyTypesNot: ['type-only']}},
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {orphan: true, path: '^src/', pathNot: '[.]d[.]ts$'},
      to: {},
    },
  ],
  options: {
    doNotFollow: {path: 'node_modules'},
    tsPreCompilationDeps: 'specify',
    tsConfig: {fileName: 'tsconfig.json'},
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
